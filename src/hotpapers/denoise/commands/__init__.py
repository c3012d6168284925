"""The commands of denoise, one file for each group."""
