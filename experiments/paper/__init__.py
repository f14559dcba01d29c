"""The papers' own settings; each file has one method, and its data sets by name.

None of them was run here: they need an accelerator. `python -m gans_jax train FILE:NAME` trains
one. A docstring says how to prepare the data.
"""
