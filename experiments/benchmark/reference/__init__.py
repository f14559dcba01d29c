"""The same networks and iterations in plain PyTorch, on images `[n, c, h, w]`."""
