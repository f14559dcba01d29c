"""Experiments that test the claims of the papers; each file states its command and its result.

`python -m gans_jax train FILE` trains what a file assigns to `experiment`. Files in `tables` and
`theory` are programs, which run from the repository's root: `python -m experiments.tables.NAME`.
"""
