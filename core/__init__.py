"""The authoritative core of the user service: a gRPC server that holds all behaviour."""
