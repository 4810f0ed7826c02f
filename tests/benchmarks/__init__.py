"""Benchmarks: commands that measure speed and memory, and write the tables of README.md beside this file."""
