"""A test image as a data URL, for tables and HTML."""

import base64
from functools import lru_cache

from cl_core.data import datasets


@lru_cache(maxsize=1024)
def image_url(dataset: str, row: int) -> str:
    """Return a test image as a data URL; empty for data sets without images.

    Args:
        dataset: key of the data set.
        row: of the image in the test set.
    """
    png = datasets.sprite_sheet(datasets.load(dataset), [row])
    return f"data:image/png;base64,{base64.b64encode(png).decode()}" if png else ""
