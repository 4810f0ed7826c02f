"""Widgets that several pages have in common."""
