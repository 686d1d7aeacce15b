"""A tool call's arguments as models write them: JSON text that may be anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from voice_ai_service.errors import ProviderProtocol


class Protests(Protocol):
    def protocol(self, what: str, error: object = None) -> ProviderProtocol:
        """The error for an answer that is against the contract."""
        ...


def parse_arguments(text: str, errors: Protests) -> Mapping[str, Any]:
    """No text at all is a call without arguments. Raises ProviderProtocol for anything but a JSON object."""
    if not text.strip():
        return {}
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.protocol("A tool call's arguments are not JSON.", error) from error
    if not isinstance(arguments, dict):
        raise errors.protocol("A tool call's arguments are not an object.")
    return arguments
