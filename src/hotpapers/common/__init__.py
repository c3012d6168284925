"""The floor every room stands on: light, typed, and without torch."""
