"""File formats of a run: the run itself, its encoder as safetensors, and tables."""
