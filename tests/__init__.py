"""Tests: unit (mirrors cl_core), pages (AppTest), browser, robustness, docs, and benchmarks."""

from pathlib import Path

ROOT = Path(__file__).parents[1]  # of the project
