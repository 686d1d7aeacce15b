"""NUL is a character in JSON and none in a database's text: it is refused at the door, by the name of its field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Request

from voice_ai_service.errors import InvalidInput

_ESCAPED, _RAW = b"\\u0000", b"\x00"


async def storable_text(request: Request) -> None:
    """A dependency of all routes.

    Raises:
        InvalidInput: Names the first field of the JSON body that has a NUL in it.
    """
    if "json" not in request.headers.get("content-type", ""):
        return
    body = await request.body()
    if _ESCAPED not in body and _RAW not in body:
        return
    for path in _paths_with_nul(await request.json(), ""):
        raise InvalidInput(
            "A text has a NUL character, which cannot be stored", field=path, fix="Leave the character out"
        )


def _paths_with_nul(value: Any, path: str) -> Iterator[str]:
    match value:
        case str():
            if "\x00" in value:
                yield path or "body"
        case dict():
            for name, inner in value.items():
                if "\x00" in name:
                    yield path or "body"
                yield from _paths_with_nul(inner, f"{path}.{name}" if path else name)
        case list():
            for index, inner in enumerate(value):
                yield from _paths_with_nul(inner, f"{path}.{index}" if path else str(index))
