"""What the use cases need of the outside world, as Protocols that adapters and fakes implement."""
