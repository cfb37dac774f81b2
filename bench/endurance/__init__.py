"""Whether anything grows that should not, over many requests of all kinds: `make endurance`."""
