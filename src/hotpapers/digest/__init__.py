"""The day's hot papers: ranked by attention, searchable, published, and running."""
