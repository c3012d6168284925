"""Audio in and out, for every paper."""
