"""Where addresses are: the only room that reads a database of them."""
