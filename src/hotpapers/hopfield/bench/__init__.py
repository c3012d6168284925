"""How fast the layers and the memory are, beside the bare kernels and a peer's layers."""
