"""How well the right passage is found: data sets, metrics, and the product asked itself."""
