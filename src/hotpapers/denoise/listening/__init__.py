"""Before, after and what was removed, to look at and to listen to in one page."""
