"""Picture of one anchor: its positives and negatives sorted by distance, their kinds, and what a miner picks."""

from cl_core.components.ranking.message import KINDS, WORDS, Ranking, RankingState, decode, encode

__all__ = ["KINDS", "WORDS", "Ranking", "RankingState", "decode", "encode"]
