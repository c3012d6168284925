"""Immune repertoires: bags of up to hundreds of thousands of amino-acid sequences, read by DeepRC."""
