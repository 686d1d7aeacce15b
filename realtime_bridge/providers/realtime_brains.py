"""The speech-to-speech brains of this process, by registry name: the only place that names concrete ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import structlog

from realtime_bridge.providers.brain_limits import BrainLimits, BrainObserver
from realtime_bridge.providers.elevenlabs_vendor import ElevenLabsVendor
from realtime_bridge.providers.gemini_vendor import GeminiVendor
from realtime_bridge.providers.openai_vendor import OpenAiVendor
from realtime_bridge.providers.seam import Brain
from realtime_bridge.providers.speech_to_speech import SpeechToSpeech
from realtime_bridge.providers.vendor import Briefing, Vendor
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.chains import RealtimeChain
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.fallback import Link
from voice_ai_service.providers.realtime.seam import RealtimeAccess
from voice_ai_service.providers.wire.line import Lines

MakeVendor = Callable[[RealtimeAccess, Callable[[], str]], Vendor]
MakeBrain = Callable[[], Brain]

log = structlog.get_logger()


def _openai(access: RealtimeAccess, new_id: Callable[[], str]) -> Vendor:
    settings: Any = access.settings
    return OpenAiVendor(access.name, settings, access.secret, new_id)


def _elevenlabs(access: RealtimeAccess, new_id: Callable[[], str]) -> Vendor:
    settings: Any = access.settings
    context = access.context
    return ElevenLabsVendor(
        settings,
        access.secret,
        new_id,
        clock=context.clock,
        allowed_networks=context.allowed_networks,
    )


def _gemini(access: RealtimeAccess, new_id: Callable[[], str]) -> Vendor:
    settings: Any = access.settings
    return GeminiVendor(settings, access.secret, new_id)


VENDORS: Final[Mapping[str, MakeVendor]] = {
    "openai": _openai,
    "openai_compatible": _openai,
    "elevenlabs": _elevenlabs,
    "gemini": _gemini,
}


def brain_of(
    access: RealtimeAccess,
    briefing: Briefing,
    *,
    vendors: Mapping[str, MakeVendor] = VENDORS,
    **more: Any,
) -> SpeechToSpeech:
    """A brain that is not open yet. `more` goes to `SpeechToSpeech`.

    Raises:
        KeyError: no adapter of that name.
    """
    numbers = itertools.count(1)
    vendor = vendors[access.name](access, lambda: f"reply-{next(numbers)}")
    lines = Lines(access.name, access.context.clock, access.context.allowed_networks)
    model = getattr(access.settings, "model", None)
    return SpeechToSpeech(vendor, briefing, lines.open, clock=access.context.clock, model=model, **more)


class RealtimeBrains:
    """
    Args:
        factory: Gives a domain's rows of kind realtime.
        vendors: Adapters by registry name.
    """

    def __init__(
        self,
        factory: ProviderFactory,
        *,
        observer: BrainObserver | None = None,
        limits: BrainLimits | None = None,
        vendors: Mapping[str, MakeVendor] = VENDORS,
    ) -> None:
        self._factory = factory
        self._observer = observer
        self._limits = limits
        self._vendors = vendors

    async def makers(
        self, domain_uuid: UUID, choice: Sequence[UUID], briefing: Callable[[], Briefing]
    ) -> tuple[MakeBrain, ...]:
        """One for each key of each chosen row, by preference; none when the secretary chose none.

        Args:
            briefing: Asked when a brain is made, so that one that comes later knows what happened until then.

        Raises:
            Unavailable: The rows were never read, and cannot be now.
        """
        chain = await self._factory.realtime(domain_uuid, choice)
        if chain is None:
            return ()
        made = [await self._maker(chain, link, briefing) for link in chain.links]
        return tuple(maker for maker in made if maker is not None)

    async def _maker(
        self, chain: RealtimeChain, link: Link[RealtimeAccess], briefing: Callable[[], Briefing]
    ) -> MakeBrain | None:
        """None for a row that cannot work as it stands; the next one is asked."""
        try:
            async with link.instance.lease() as access:
                pass  # it holds nothing open
        except ProviderError as error:
            log.warning("a realtime provider cannot be used", provider=link.name, code=error.code)
            return None
        if access.name not in self._vendors:
            log.warning("no adapter for a realtime provider", provider=access.name)
            return None
        return lambda: brain_of(
            access,
            briefing(),
            vendors=self._vendors,
            attempts=lambda: chain.attempt(link),
            observer=self._observer,
            limits=self._limits,
        )
