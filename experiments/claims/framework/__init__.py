"""How claims are stated, run, judged and written down."""
