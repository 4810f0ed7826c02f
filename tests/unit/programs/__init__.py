"""Tests of cl_core.programs."""
