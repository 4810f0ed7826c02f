"""Interactive pictures: one folder each, with its JavaScript and the Python that encodes and mounts it."""
