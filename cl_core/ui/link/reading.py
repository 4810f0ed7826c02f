"""Reading the settings of a link: other names and spellings, repeated settings, and notes on what cannot be used."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cl_core.losses import LOSSES
from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.presentation import HIDE, LOCK, ROUTE, SWITCHES, names_in

MAX_NOTES = 8
MAX_TEXT_LENGTH = 60  # characters of a text that other names are looked up for
SIMILARITY = 0.6  # of two names, 0 to 1 (`difflib.SequenceMatcher.ratio`), from which one is suggested for the other
# parameters that mail programs, advertisements and social networks add to links
TRACKING = re.compile(
    "utm_.*|_hs.*|_ga|_gl|mc_cid|mc_eid|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|ttclid|yclid|igsh|igshid|"
    "li_fat_id|srsltid",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")

ControlsForLink = Callable[[Link], Sequence[Control]]


@dataclass(frozen=True)
class Reading:
    """What a link sets.

    Attributes:
        link: the settings that can be used, by the names of the page and in its spelling; lists of names and other
            settings of the presentation as well.
        notes: on what was not used, or not as it was written; Markdown.
    """

    link: Link
    notes: tuple[str, ...]


def read_link(parameters: Mapping[str, Sequence[str]], controls_for_link: ControlsForLink) -> Reading:
    """Read the query string of a link.

    Args:
        parameters: name -> the values that it has in the link, one or more.
        controls_for_link: function from a link to the controls that the page has under it.

    Returns:
        The settings and the notes. Each parameter is used or has a note, apart from those of lessons, which their bar
        reports on, and those of trackers.
    """
    reader = _Reader(controls_for_link)
    texts = {}
    for name, values in parameters.items():
        if TRACKING.fullmatch(name):
            continue
        texts[name] = values[-1]
        if len(set(values)) > 1:
            given = ", ".join(f"`{plain_text(value)}`" for value in values[:4])
            reader.notes.append(f"`{plain_text(name)}` is in the link more than once ({given}); the last one is used")
    reader.read(texts)
    return Reading(reader.link, tuple(reader.notes[:MAX_NOTES]))


def notes_on_embed(values: Sequence[str]) -> list[str]:
    """Return a note on values of `embed` that Streamlit does not understand; the page is then not embedded.

    Args:
        values: all that the link has.
    """
    if not values or any(value.lower() == "true" for value in values):
        return []
    return [f"`embed` must be true, not `{plain_text(values[-1])}`; the page is shown with its menu and sidebar"]


class _Reader:
    """Reads settings one after the other.

    Attributes:
        link: as in `Reading`.
        notes: as in `Reading`, without a limit.
    """

    def __init__(self, controls_for_link: ControlsForLink) -> None:
        self._controls_for_link = controls_for_link
        self.link: dict[str, str] = {}
        self.notes: list[str] = []

    def read(self, texts: Mapping[str, str]) -> None:
        """Read all settings; those that decide which controls there are come first."""
        for_no_link = {control.name: control for control in self._controls_for_link({})}
        first = {name: text for name, text in texts.items() if self._name_in(for_no_link, name)}
        for name, text in first.items():
            known = self._name_in(for_no_link, name)
            if known is not None and for_no_link[known].options and known not in self.link:
                self._silently(known, for_no_link[known], text)
        controls = {control.name: control for control in self._controls_for_link(self.link)}
        self.link = {}
        for name, text in texts.items():
            self._read_setting(name, text, controls, texts)

    def _silently(self, name: str, control: Control, text: str) -> None:
        """Take a value without a note."""
        used = _spelling(control, text)
        if used is not None:
            self.link[name] = used

    def _read_setting(self, name: str, text: str, controls: Mapping[str, Control], texts: Mapping[str, str]) -> None:
        if name in (HIDE, LOCK):
            self.link[name] = ",".join(self._read_list(name, text, controls))
        elif name in SWITCHES:
            if text.lower() not in ("true", "false"):
                self.notes.append(f"`{name}` must be true or false, not `{plain_text(text)}`; false is used")
            self.link[name] = text
        elif name in ROUTE:
            self.link[name] = text
        elif (known := self._name_in(controls, name)) is None:
            hint = _of_other_losses(name) or _suggestion(name, _names(controls))
            self.notes.append(f"`{plain_text(name)}` is not a setting of this page{hint}")
        elif known != name and known in texts:
            self.notes.append(f"`{plain_text(name)}` means `{known}`, which is also in the link; `{known}` is used")
        elif known != name and known in self.link:
            self.notes.append(f"`{plain_text(name)}` means `{known}`, which is already in the link; it is ignored")
        else:
            if known != name:
                self.notes.append(f"`{plain_text(name)}` is read as `{known}`")
            self._read_value(controls[known], text)

    def _read_value(self, control: Control, text: str) -> None:
        used = _spelling(control, text)
        if used is None:
            options = {option: option for option in control.options if isinstance(option, str)}
            hint = _suggestion(text, {**control.option_aliases, **options})
            fault = f"`{control.name}` {control.error_in(text)}, not `{plain_text(text)}`; the default is used"
            self.notes.append(fault + hint)
            return
        if used != text:
            self.notes.append(f"`{control.name}`: `{plain_text(text)}` is read as `{used}`")
        self.link[control.name] = used

    def _read_list(self, name: str, text: str, controls: Mapping[str, Control]) -> Iterable[str]:
        """Yield the names of controls in a list of names."""
        for listed in names_in(text):
            known = self._name_in(controls, listed)
            if known is None:
                hint = _suggestion(listed, _names(controls))
                self.notes.append(f"`{name}` names `{plain_text(listed)}`, which is not a setting of this page{hint}")
                continue
            if known != listed:
                self.notes.append(f"`{name}`: `{plain_text(listed)}` is read as `{known}`")
            yield known

    @staticmethod
    def _name_in(controls: Mapping[str, Control], name: str) -> str | None:
        """Return the name of the one control that a name in a link stands for; None if there is none, or several."""
        if name in controls or len(name) > MAX_TEXT_LENGTH:
            return name if name in controls else None
        for names_of in (lambda control: (control.name,), lambda control: control.aliases):
            found = {control.name for control in controls.values() if _plain(name) in map(_plain, names_of(control))}
            if found and _plain(name):
                return found.pop() if len(found) == 1 else None
        return None


def _spelling(control: Control, text: str) -> str | None:
    """Return a text that the control accepts and that can only be what was meant; None if there is none."""
    if control.error_in(text) is None:
        return text
    if len(text) > MAX_TEXT_LENGTH:
        return None
    if control.options and isinstance(control.options[0], str):
        options = {
            str(option)
            for option in control.options
            if _plain(text) in (_plain(option), _plain(control.title_of(option)))
        }
        if not options:
            meant = {_plain(text), _plain(text).removesuffix("loss")}
            options = {option for alias, option in control.option_aliases.items() if _plain(alias) in meant}
        return options.pop() if len(options) == 1 and _plain(text) else None
    readings = {
        reading
        for pattern, separator in ((_DECIMAL_COMMA, "."), (_THOUSANDS, ""))
        if pattern.fullmatch(text.strip()) and control.error_in(reading := text.strip().replace(",", separator)) is None
    }
    return readings.pop() if len(readings) == 1 else None


def _names(controls: Mapping[str, Control]) -> dict[str, str]:
    """Return every name and alias of controls, with the name that it stands for; the names that settle it come last."""
    names = {alias: control.name for control in controls.values() for alias in control.aliases}
    special = {name: name for name in (HIDE, LOCK, *SWITCHES)}
    return {**names, **special, **{name: name for name in controls}}


def _suggestion(text: str, names: Mapping[str, str]) -> str:
    """Return a question whether a name was meant that is similar to one of `names`; "" if none is."""
    meant = {_plain(name): meaning for name, meaning in names.items()}
    similar = difflib.get_close_matches(_plain(text[:MAX_TEXT_LENGTH]), meant, n=1, cutoff=SIMILARITY)
    return f". Did you mean `{meant[similar[0]]}`?" if similar else ""


def _of_other_losses(name: str) -> str:
    """Return which losses have a parameter of this name or alias; "" if none has."""
    wanted = _plain(re.sub(r"_\d$", "", name[:MAX_TEXT_LENGTH]))
    losses: dict[str, list[str]] = {}
    for loss in LOSSES.values():
        for parameter in loss.parameters.values():
            if wanted in map(_plain, (parameter.name, *parameter.aliases)):
                losses.setdefault(parameter.name, []).append(loss.key)
    return "; ".join(f", but `{parameter}` of {', '.join(keys)}" for parameter, keys in losses.items())


def _plain(name: object) -> str:
    """Return a name without the differences in spelling that do not count: case, spaces and signs."""
    return re.sub(r"[\W_]+", "", str(name).casefold())


def plain_text(text: str, max_length: int = 40) -> str:
    """Make text from a link safe to show in Markdown.

    Args:
        text: untrusted text.
        max_length: number of characters that are kept.

    Returns:
        The beginning of the text, with "?" for everything but letters, digits, spaces and `.,;=_-+`.
    """
    return "".join(letter if letter.isalnum() or letter in " .,;=_-+" else "?" for letter in text[:max_length]) or " "
