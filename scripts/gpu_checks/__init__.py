"""The checks of scripts/validate_gpu.py."""
