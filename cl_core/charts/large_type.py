"""A chart for the back row: the same one with larger type, and the room for it."""

from typing import Any, Final

FACTOR: Final = 1.25  # as big type is to the usual one
USUAL: Final = 12  # pixels, of axes and legends that say nothing of it
_GROW = frozenset(
    {"fontSize", "labelFontSize", "titleFontSize", "dx", "dy", "labelLimit", "symbolSize", "strokeWidth", "offset"}
)


def enlarge(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification with its type, the distances between words and what they name, and its height enlarged."""
    larger: dict[str, Any] = _grown(spec)
    for side in {"width", "height"} & set(spec):
        if isinstance(spec[side], int | float):
            larger[side] = round(spec[side] * FACTOR)
    type_ = {"labelFontSize": round(USUAL * FACTOR), "titleFontSize": round(USUAL * FACTOR)}
    return {**larger, "config": {"axis": type_, "legend": type_}}


def _grown(part: Any) -> Any:
    if isinstance(part, dict):
        grown = {
            name: round(value * FACTOR, 1) if name in _GROW and isinstance(value, int | float) else _grown(value)
            for name, value in part.items()
        }
        # the long names of a legend have a line each, as they would not fit side by side
        return {**grown, "columns": 1} if "labelLimit" in part and part.get("orient") == "top" else grown
    return [_grown(each) for each in part] if isinstance(part, list) else part
