"""Rows from files, by a public schema that says everything about them before one is read."""
