"""Teaching material: lessons, the answers of a class, and training failures with their cures."""
