"""How far two colours stand apart."""


def contrast(one, other):
    """WCAG's ratio of two colours' luminances."""
    bright = [
        sum(
            share * (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4)
            for share, x in zip((0.2126, 0.7152, 0.0722), (int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)), strict=True)
        )
        for c in (one, other)
    ]
    return (max(bright) + 0.05) / (min(bright) + 0.05)
