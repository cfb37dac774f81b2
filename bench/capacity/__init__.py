"""What an operation costs each process, what a row takes, what queues do: docs/capacity.md."""
