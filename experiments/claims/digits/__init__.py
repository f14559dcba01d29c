"""Claims, one in each file."""
