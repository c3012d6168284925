"""Molecules: a memory of those whose properties are known, asked for those of others."""
