"""Picture of points and class weights to drag: which points are classified and retrieved correctly."""

from cl_core.components.points.message import MAX_COORDINATE, WORDS, Points, PointsState, decode, encode

__all__ = ["MAX_COORDINATE", "WORDS", "Points", "PointsState", "decode", "encode"]
