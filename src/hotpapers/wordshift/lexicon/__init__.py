"""Scores of words: lexicon files, and those that ship."""
