"""What the commands do: options in, texts counted and compared, files written, lines to print out."""
