"""Reproduction of a published loss comparison: two training stages against a plain net, by batch size and data set.

"The article" is `losses.articles.CONTRASTING`; the second one, whose losses are compared as well, is `SURVEY` there.
"""

from cl_core.experiments.grid import METHODS, STUDIES, Cell, Method, Study

__all__ = ["METHODS", "STUDIES", "Cell", "Method", "Study"]
