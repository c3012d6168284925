"""Differentially private accelerated optimisation: models of sensitive rows under an exact budget."""
