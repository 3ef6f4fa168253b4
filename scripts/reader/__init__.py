"""Training of the extractive reader: from questions with marked answers to its weights."""
