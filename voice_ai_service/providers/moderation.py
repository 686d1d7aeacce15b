"""A judge of sentences over OpenAI's moderation API, or a server that speaks it.

Source: OpenAI API reference, "Create moderation": `POST /moderations` with `model` and `input`; the answer has
`results[0].flagged` and `results[0].categories`, a boolean each.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderTimeout, ProviderUnavailable
from voice_ai_service.providers.entry import ProviderContext, StageTimeouts
from voice_ai_service.providers.openai_wire import OpenAiWire, bearer
from voice_ai_service.providers.vendor_wire import VendorAddress, open_vendor_wire
from voice_ai_service.tenancy.tenant import Tenant

NAME: Final = "moderation"
DEFAULT_MODEL: Final = "omni-moderation-latest"
ANSWERS_S: Final = 1.0
"""A sentence waits for it, and the caller with it."""
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_/-]{0,59}")


class VendorModerator:
    """`dialogue.moderation.Moderator` for tenants that have it switched on. Whoever opened it closes it."""

    def __init__(self, wire: OpenAiWire, model: str) -> None:
        self._wire = wire
        self._model = model

    async def judge(self, tenant: Tenant, text: str) -> str | None:
        if not tenant.moderated:
            return None
        try:
            async with asyncio.timeout(ANSWERS_S):
                asked = {"model": self._model, "input": text}
                answer = await self._wire.post("/moderations", asked, read_s=ANSWERS_S)
                return self._category(await self._wire.json(answer))
        except TimeoutError as error:
            raise ProviderTimeout("The provider moderation took too long.", provider=NAME) from error

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _category(self, said: Any) -> str | None:
        results = said.get("results") if isinstance(said, Mapping) else None
        first = results[0] if isinstance(results, list) and results else None
        if not isinstance(first, Mapping) or not isinstance(first.get("flagged"), bool):
            raise self._wire.errors.protocol("The answer has no verdict.")
        if not first["flagged"]:
            return None
        categories = first.get("categories")
        named = categories.items() if isinstance(categories, Mapping) else ()
        hits = sorted(name for name, hit in named if hit is True and _CATEGORY.fullmatch(str(name)))
        return hits[0] if hits else "flagged"


class NobodyModerates:
    """Where the operator has no service: a domain that wants one is not spoken for unjudged."""

    async def judge(self, tenant: Tenant, text: str) -> str | None:
        """Raises ProviderUnavailable for a domain that has it switched on."""
        if tenant.moderated:
            raise ProviderUnavailable("No moderation service is configured.", provider=NAME)
        return None


async def open_moderator(url: str, key: str | None, model: str, clock: Clock) -> VendorModerator:
    """`url`: with the version, as in `https://api.openai.com/v1`; the operator's, so it may be private.

    Raises:
        InvalidInput: It is no address.
    """
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        raise InvalidInput("This is no address", field="VOICE_AI_MODERATION_URL", fix="https://host/v1")
    address = VendorAddress(url.rstrip("/"), typed=False, headers=bearer(key))
    timeouts = StageTimeouts(connect_s=ANSWERS_S)
    wire = await open_vendor_wire(NAME, address, timeouts, ProviderContext(clock=clock))
    return VendorModerator(wire, model)
