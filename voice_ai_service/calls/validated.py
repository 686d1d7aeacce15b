"""Settings from outside, checked: one error that names the field, dotted as the caller of the API spells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.secretary import SecretarySettings
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.errors import InvalidInput


def parse_settings(raw: Mapping[str, Any], *, field: str = "settings") -> SecretarySettings:
    """A secretary's settings from JSON.

    Raises:
        InvalidInput: The first problem, with its dotted path under `field`.
    """
    try:
        return SecretarySettings.model_validate(raw)
    except ValidationError as error:
        path, message = first_problem(error, prefix=field)
        raise InvalidInput(message, field=path) from error


def first_problem(error: ValidationError, *, prefix: str = "") -> tuple[str, str]:
    """Dotted path and sentence of pydantic's first problem.

    Validators of a whole object begin their message with the field they mean and a colon; it joins the path.
    """
    problem = error.errors(include_url=False, include_input=False)[0]
    parts = [prefix, *(str(part) for part in problem["loc"] if part != "[key]")]
    message = problem["msg"].removeprefix("Value error, ")
    named, colon, rest = message.partition(": ")
    if colon and " " not in named:
        parts.append(named)
        message = rest
    return ".".join(part for part in parts if part), message[:1].upper() + message[1:]


def named_destinations(settings: SecretarySettings) -> Iterator[tuple[str, str]]:
    """Every destination that settings name, with the dotted path where they do."""
    for path, fallback in (("fallback", settings.fallback), ("closed_action", settings.closed_action)):
        if fallback.destination is not None:
            yield f"{path}.destination", fallback.destination
    for digit, action in settings.dtmf.items():
        if action.destination is not None:
            yield f"dtmf.{digit}.destination", action.destination


def check_destinations(
    settings: SecretarySettings, usable: Iterable[Destination], *, field: str = "settings"
) -> None:
    """Everything that settings name must be one of the destinations that the secretary may use.

    Raises:
        InvalidInput: The first name that is not.
    """
    listed = tuple(usable)
    for path, name in named_destinations(settings):
        if find_destination(name, listed) is None:
            raise InvalidInput(
                "There is no transfer destination of this name",
                field=f"{field}.{path}",
                fix="Add the destination first, or name one that is enabled",
            )
