"""From files to counts: reading, tokens, engines of counting, words in context."""
