"""Files of a run: the run itself, its encoder, and tables."""
