"""Answer questions over an index. Knows nothing of files."""
