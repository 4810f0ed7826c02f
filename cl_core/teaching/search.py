"""Search in the glossary: names first, then words in texts, and near misses if there is nothing else."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

SIMILAR = 0.75  # how alike a mistyped word and a name must be, 0 to 1
MIN_PREFIX = 2  # characters of a name that find it
# words that say nothing
FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "do",
        "does",
        "how",
        "i",
        "in",
        "is",
        "it",
        "my",
        "of",
        "so",
        "the",
        "what",
        "why",
        "with",
    ]
)


@dataclass(frozen=True)
class Entry:
    """Something that can be found.

    Attributes:
        key: Unique name.
        names: Its title, and other words for it.
        text: All else that its page or card says.
    """

    key: str
    names: tuple[str, ...]
    text: str


def search(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """Find entries, the best match first.

    Upper and lower case, spaces, hyphens and underscores do not count in names. From best to worst: a name is the
    query; a name begins with it; all words of the query begin words of its names; a name is part of the query, as in a
    question, the longest first; the query, or all of its words, occur in the text. If there is no match, names that
    are spelt like the query count.

    Args:
        query: What to search for; an empty query finds every entry, in the given order.
        entries: Where to search. Of equally good matches the earlier one comes first.

    Returns:
        The entries that match.
    """
    ranked = [(rank, i) for i, entry in enumerate(entries) if (rank := _rank(query.strip(), entry)) is not None]
    return [entries[i] for _, i in sorted(ranked)] or _similar(query, entries)


def _rank(query: str, entry: Entry) -> tuple[int, int] | None:
    """Return how well an entry matches, smaller is better; None if it does not."""
    if not query:
        return 0, 0
    wanted, all_words = _squeeze(query), _words(query)
    words = [word for word in all_words if word not in FILLERS]
    names = [_squeeze(name) for name in entry.names]
    if wanted in names:
        return 0, 0
    if len(wanted) >= MIN_PREFIX and any(name.startswith(wanted) for name in names):
        return 1, 0
    words_of_names = {word for name in entry.names for word in _words(name)}
    if words and all(any(name.startswith(word) for name in words_of_names if len(word) > 1) for word in words):
        return 2, 0
    within = [len(name) for name in entry.names if len(name) > MIN_PREFIX and _is_part(_words(name), all_words)]
    if within:
        return 3, -max(within)
    text = entry.text.casefold()
    if query.casefold() in text:
        return 4, 0
    if len(words) > 1 and all(word in text for word in words):
        return 5, 0
    return None


def _similar(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return entries with a name that is spelt like the query or one of its words, the likest first."""
    owner = {_squeeze(name): entry for entry in reversed(entries) for name in entry.names}
    tried = [_squeeze(query), *(word for word in _words(query) if len(word) > 3)]
    found = [owner[name] for text in tried for name in difflib.get_close_matches(text, owner, cutoff=SIMILAR)]
    return list(dict.fromkeys(found))


def _squeeze(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.casefold())


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s,()?!:;]+", text.casefold().replace("-", " ").replace("_", " "))


def _is_part(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Return whether the words of `part` follow each other in `whole`."""
    return bool(part) and any(whole[i : i + len(part)] == list(part) for i in range(len(whole)))
