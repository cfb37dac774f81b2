"""What the platform is told, and what it tells us: payloads, envelopes, the relay, the consumer."""
