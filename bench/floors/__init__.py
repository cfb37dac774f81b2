"""What nothing of this kind can be faster than: the same hops with nothing behind them."""
