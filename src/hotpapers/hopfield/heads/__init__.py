"""Attention heads read as Hopfield networks: over how many patterns they average, and what replaces them."""
