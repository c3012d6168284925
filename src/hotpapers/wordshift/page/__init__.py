"""The interactive word shift graph: one HTML file with its own script."""
