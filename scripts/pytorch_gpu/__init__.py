"""Parts of scripts/validate_pytorch.py: the recordings and the simulated device against a real GPU."""
