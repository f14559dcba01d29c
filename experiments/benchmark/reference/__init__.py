"""The same networks and iterations in plain PyTorch; images are `[n, c, h, w]` here."""
