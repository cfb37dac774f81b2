"""Where the time of one kind of call goes, in each Python process: `make profile`."""
