"""The paper's own experiments, with noise of the right scale."""
