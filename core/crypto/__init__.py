"""Password hashing, token codecs and id generation: the adapters of the domain's crypto ports."""
