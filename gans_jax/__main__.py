"""`python -m gans_jax`."""

import sys

from gans_jax.cli import main

if __name__ == "__main__":
    sys.exit(main())
