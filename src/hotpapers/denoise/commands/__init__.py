"""The room's commands, one file for each."""
