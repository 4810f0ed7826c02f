"""Charts with larger type, to be read from the back of a room."""

from typing import Any, Final

FACTOR: Final = 1.25  # size of large type over that of the default type
DEFAULT_SIZE: Final = 12  # font size in pixels of axes and legends that do not state one
_SCALED = frozenset(
    {"fontSize", "labelFontSize", "titleFontSize", "dx", "dy", "labelLimit", "symbolSize", "strokeWidth", "offset"}
)


def enlarge(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a chart with larger type, larger distances between labels and what they name, and a larger size.

    Args:
        spec: a Vega-Lite specification.

    Returns:
        A new specification, `FACTOR` times as large; the data are unchanged.
    """
    larger: dict[str, Any] = _enlarged(spec)
    for side in {"width", "height"} & set(spec):
        if isinstance(spec[side], int | float):
            larger[side] = round(spec[side] * FACTOR)
    type_sizes = {"labelFontSize": round(DEFAULT_SIZE * FACTOR), "titleFontSize": round(DEFAULT_SIZE * FACTOR)}
    return {**larger, "config": {"axis": type_sizes, "legend": type_sizes}}


def _enlarged(part: Any) -> Any:
    """Return a part of a specification with the properties in `_SCALED` enlarged."""
    if isinstance(part, dict):
        enlarged = {
            name: round(value * FACTOR, 1) if name in _SCALED and isinstance(value, int | float) else _enlarged(value)
            for name, value in part.items()
        }
        # long names in a legend need a line each, because they do not fit side by side
        return {**enlarged, "columns": 1} if "labelLimit" in part and part.get("orient") == "top" else enlarged
    return [_enlarged(item) for item in part] if isinstance(part, list) else part
