"""The associative memory: what is stored, how it is retrieved, how far an answer can be trusted, its file."""
