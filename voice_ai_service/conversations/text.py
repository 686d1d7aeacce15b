"""Text that PostgreSQL can keep. What was said must never be lost for one character in it."""

from __future__ import annotations

import math
from typing import Any


def storable(text: str) -> str:
    """The text without NUL, which PostgreSQL refuses, and with lone surrogates replaced, which UTF-8 does."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any) -> Any:
    """The same for every text inside a JSON value, keys too; numbers that JSON does not know become null."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable_json(item) for item in value]
    return value
