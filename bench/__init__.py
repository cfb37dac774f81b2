"""`make bench`: the gateway's speed beside that of what does less, and of what others built."""
