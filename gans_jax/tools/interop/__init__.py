"""Weights that PyTorch code has saved, and weights for it.

`torch_file` reads and writes files of tensors, `networks` turns them into networks and back, and
`runs` makes run folders of them, for the commands `import` and `export --pytorch`.
"""
