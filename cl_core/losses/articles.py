"""The two articles that the losses, the experiment and several sentences of the app refer to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Article:
    """An article that compares losses.

    Attributes:
        title: Its title, translated if it is not in English.
        author: Who wrote it.
        year: Year of publication; None if that is not known.
        venue: Where it was published, or its language.
        url: Link to it.
        code_url: Link to its program; "" if it has none.
        losses: Keys of the losses that it describes, each of which has its own paper.
    """

    title: str
    author: str
    year: int | None
    venue: str
    url: str
    code_url: str
    losses: tuple[str, ...]

    @property
    def markdown(self) -> str:
        """Its title in italics, as a link."""
        return f"[*{self.title}*]({self.url})"

    @property
    def reference(self) -> str:
        """Title, author, place and program as Markdown, in one line."""
        year = "" if self.year is None else f", {self.year}"
        code = f"; [its program]({self.code_url})" if self.code_url else ""
        return f"{self.markdown} ({self.author}, {self.venue}{year}{code})"


# the address is the one in the README of its program
CONTRASTING = Article(
    title="Contrasting contrastive loss functions",
    author="Zichen Wang",
    year=2020,
    venue="Towards Data Science",
    url="https://medium.com/@wangzc921/contrasting-contrastive-loss-functions-3c13ca5f055e",
    code_url="https://github.com/wangz10/contrastive_loss",
    losses=("contrastive", "triplet", "npair", "nt_xent", "supcon"),
)
SURVEY = Article(
    title="Contrastive losses, from L-softmax to AM-softmax to circle loss to PCCL",
    author="qiongyaoxinpo",
    year=None,
    venue="CSDN, in Chinese: 对比学习损失篇，从L-softmax到AM-softmax到circle-loss到PCCL",
    url="https://blog.csdn.net/qiongyaoxinpo/article/details/126890058",
    code_url="",
    losses=("softmax", "l_softmax", "am_softmax", "circle", "circle_class", "pccl"),
)
ARTICLES = (CONTRASTING, SURVEY)
