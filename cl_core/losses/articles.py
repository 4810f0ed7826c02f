"""The two articles that the losses, the experiment and several sentences of the app refer to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Article:
    """An article that compares losses.

    Attributes:
        title: Its title, translated if it is not in English.
        author: Who wrote it; "" if that is not known.
        year: Year of publication; None if that is not known.
        venue: Where it was published, or its language.
        url: Link to it; "" if no address of it is known.
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
        """Its title in italics, as a link if it has an address."""
        return f"[*{self.title}*]({self.url})" if self.url else f"*{self.title}*"

    @property
    def reference(self) -> str:
        """Title, author, place and program as Markdown, in one line."""
        parts = [self.author, self.venue, "" if self.year is None else str(self.year)]
        code = f"; [its program]({self.code_url})" if self.code_url else ""
        return f"{self.markdown} ({', '.join(part for part in parts if part)}{code})"


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
    title="From L-softmax to AM-softmax to circle loss to PCCL",
    author="",
    year=None,
    venue="a survey in Chinese, title translated, no address known",
    url="",
    code_url="",
    losses=("softmax", "l_softmax", "am_softmax", "circle", "circle_class", "pccl"),
)
ARTICLES = (CONTRASTING, SURVEY)
