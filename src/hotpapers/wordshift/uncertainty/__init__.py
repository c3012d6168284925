"""How sure a shift is: intervals, null tests, bias, and simulations of their coverage."""
