"""The price list of a process: what is shipped, and the operator's file over it."""

from __future__ import annotations

from pathlib import Path

from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.cost import PriceList, shipped
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.registry import ProviderRegistry

_RESPONDER = (ProviderKind.LLM, "embedded")
"""The dialogue's own: no row names it, conversations do."""


def read_prices(registry: ProviderRegistry, own: Path | None) -> PriceList:
    """Reads a file: not on the event loop.

    Args:
        own: The operator's, over what is shipped.

    Raises:
        InvalidInput: It cannot be read, or something in it is wrong.
    """
    free = [(one.kind, one.name) for one in registry.listing() if one.local and one.kind is not None]
    prices = PriceList.parse(shipped(), (*free, _RESPONDER))
    if own is None:
        return prices
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "The file of prices cannot be read",
            field="VOICE_AI_PRICES_FILE",
            fix="Give the path of a JSON file that this process may read",
            detail=repr(error),
        ) from error
    return prices.overridden_by(PriceList.parse(text))
