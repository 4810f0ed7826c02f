"""Losses and other quantities as short text."""

from math import floor, isfinite, log10

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LARGE = 1e6  # from here on a power of ten is written


def short_number(value: float, digits: int = 3) -> str:
    """Write a number in plain decimals, for readers who compare it with others of the same chart.

    Args:
        value: the number.
        digits: significant digits of a number from 0.1 to 100. A larger one has one decimal, and a smaller one no more
            than `digits` + 1 decimals, so a value that is 0 at this precision is written "0".

    Returns:
        For example "2.3", "232.6", "12,345.7", "0.0091", "0" for 2.98e-27, "1.2 × 10⁹"; "unknown" for NaN, "infinity".
    """
    if not isfinite(value):
        return "unknown" if value != value else "infinity" if value > 0 else "-infinity"
    power = floor(log10(abs(value))) if value else 0
    if abs(value) >= LARGE:
        return f"{value / 10.0**power:.{digits}g} × 10{str(power).translate(SUPERSCRIPTS)}"
    decimals = min(max(digits - 1 - power, 1), digits + 1)
    text = f"{value:,.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
