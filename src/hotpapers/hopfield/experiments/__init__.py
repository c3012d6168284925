"""The paper's small experiments, made again: what the claims measure and the demo commands show."""
