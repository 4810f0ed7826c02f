"""Data sets and the hardened reader of their files."""
