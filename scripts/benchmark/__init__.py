"""How fast it is and what it takes: the product itself under load, and beside others."""
