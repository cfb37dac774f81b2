"""Mail to people: its words, its sender, and the way to a mail server."""
