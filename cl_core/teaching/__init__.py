"""Lessons, rooms and failures."""
