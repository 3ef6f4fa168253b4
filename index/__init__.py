"""Turn a folder of documents into a searchable index. Knows nothing of questions."""
