"""Word shift graphs on paper and in the terminal."""
