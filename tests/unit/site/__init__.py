"""Tests of cl_core.site."""
