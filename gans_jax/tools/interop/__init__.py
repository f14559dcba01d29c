"""Exchanges weights with PyTorch code, for the commands `import` and `export --pytorch`.

`state_dicts` turns named tensors into networks and back, by the layers' names in `names`.
`run_folders` makes run folders of networks, and files of a run's networks, which `parts` lists.
"""
