"""Type checks for the fields of dataclasses that are read from links and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_origin, get_type_hints

from cl_core.data.errors import ExplainedError

_FIELD_TYPES: Mapping[Any, tuple[Any, str]] = {  # annotation of a field: accepted types, and their name in messages
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "True or False"),
    Mapping: (Mapping, "names with their values"),
}


def check_field_types(record: Any) -> None:
    """Check that every field of a dataclass has the type that the class declares.

    A whole number is accepted for a float; a bool is accepted for a bool only.

    Args:
        record: An instance of a dataclass whose fields are str, int, float, bool or Mapping.

    Raises:
        ExplainedError: when a field has another type.
    """
    for name, hint in get_type_hints(type(record)).items():
        kind = get_origin(hint) or hint
        value = getattr(record, name)
        types, description = _FIELD_TYPES[kind]
        if not isinstance(value, types) or isinstance(value, bool) != (kind is bool):
            raise ExplainedError(f"{name} must be {description}, not {value!r:.40}")
