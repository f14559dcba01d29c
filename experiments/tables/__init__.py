"""Programs that compare several methods or settings and print a table."""
