"""What must move under the finger: one small folder each, with its own JavaScript and its Python face."""
