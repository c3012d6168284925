"""Bags of rows with one label each: reading, networks, cross-validation, explanations."""
