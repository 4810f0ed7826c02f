"""A film of a training run that plays by itself, with a slider that chooses between recorded runs."""

from cl_core.components.film.message import WORDS, Film, encode, encode_run

__all__ = ["WORDS", "Film", "encode", "encode_run"]
