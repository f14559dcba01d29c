"""Applications on top of runs: report, study, plan, PyTorch's files, export, near-duplicates."""
