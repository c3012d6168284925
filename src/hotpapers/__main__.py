"""``python -m hotpapers``."""

from hotpapers.cli import main

main()
