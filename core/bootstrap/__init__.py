"""The only room where adapters meet use cases; starts and ends every process of the core."""
