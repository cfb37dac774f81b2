"""The gRPC server: its wiring, one servicer per service, and the mapping proto ↔ domain."""
