"""Model folders and files of the operator: named by tenants, never by a path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from voice_ai_service.errors import InvalidInput

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A name inside the models' folder: no slash, and no dot in front."""


def require_model(place: Path, needed: Sequence[str], *, field: str, known: Sequence[str]) -> None:
    """Looks for `needed` below `place`; touches the disk.

    Args:
        known: Names that would be right, for the message.

    Raises:
        InvalidInput: Something is missing; `fix` says what and where.
    """
    missing = [name for name in needed if not (place / name).is_file()]
    if not missing:
        return
    there = f" Installed: {', '.join(known)}." if known else ""
    raise InvalidInput(
        "There is no such model on this installation.",
        field=field,
        fix=f"Put {', '.join(missing)} into the folder {place.parent.name}/{place.name} of the models.{there}",
        detail=str(place),
    )
