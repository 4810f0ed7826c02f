"""Picture of all test images under two networks: point at one, and see its nearest neighbours at once."""

from cl_core.components.neighbours.message import WORDS, Network, Search, decode, encode, encode_network

__all__ = ["WORDS", "Network", "Search", "decode", "encode", "encode_network"]
