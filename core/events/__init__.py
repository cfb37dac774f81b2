"""What the platform is told: payloads, envelopes, and the relay from the outbox to the stream."""
