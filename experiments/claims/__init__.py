"""Every claim of the sources, with its null, arms, measures and rule in a file of its own.

`python -m experiments.claims` runs them, and `docs/claims.md` is made of their results.
"""
