"""The tenant's providers as one call has them: read while the caller speaks, so that no answer waits for it."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from realtime_bridge.providers.cascade_hearing import Recogniser
from realtime_bridge.providers.cascade_parts import NAME, CascadeOptions, CascadeParts
from realtime_bridge.session.view import CallView
from voice_ai_service.dialogue.model_choice import model_choice
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.spoken_language import likeliest_first
from voice_ai_service.dialogue.turn import ModelChoice
from voice_ai_service.errors import ProviderUnavailable, Unavailable, VoiceAiError
from voice_ai_service.providers.fallback import Chain
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions
from voice_ai_service.speech.voice import Voice

log = structlog.get_logger()


class CallChains:
    """`recogniser`, `voice` and `model` are there once `open` has returned."""

    recogniser: Recogniser
    voice: Voice
    model: ModelChoice | None
    hears: SttCapabilities

    def __init__(
        self, parts: CascadeParts, call: CallView, sample_rate_hz: int, options: CascadeOptions
    ) -> None:
        self._parts = parts
        self._call = call
        self._plan = call.plan
        self._sample_rate_hz = sample_rate_hz
        self._options = options

    async def open(self) -> None:
        """Raises ProviderError when the call could not be heard or answered at all."""
        try:
            await self._read()
        except Unavailable as error:
            raise ProviderUnavailable("The tenant's providers are not known", provider=NAME) from error
        hears = await self.recogniser.chain.capabilities()
        if hears is None:
            raise ProviderUnavailable("No recogniser can be used", provider=self.recogniser.chain.names[0])
        self.hears = hears

    async def prepare(self) -> None:
        """While the caller speaks: later changes of the tenant's rows, and connections for what will be asked.

        Where the rows cannot be read, those from before stay.
        """
        try:
            await self._read()
        except VoiceAiError as error:
            log.warning("providers of a call not read again", code=error.code)
        chains: list[Chain[Any]] = [self.recogniser.chain, self.voice.chain]
        if self.model is not None and isinstance(self.model.chat, Chain):
            chains.append(self.model.chat)
        await asyncio.gather(*(chain.warm() for chain in chains))

    async def _read(self) -> None:
        secretary, providers = self._plan.secretary, self._parts.providers
        settings, domain_uuid = secretary.settings, secretary.domain_uuid
        stt, tts, model = await asyncio.gather(
            providers.stt(domain_uuid, settings.providers.stt),
            providers.tts(domain_uuid, settings.providers.tts),
            model_choice(providers, secretary),
        )
        languages = likeliest_first(self._call.state.language, settings.languages)
        options = SttOptions(languages, phrases_for(self._plan), self._options.stt_timeout_s)
        self.recogniser = Recogniser(stt, options)
        self.voice = Voice(
            tts,
            self._parts.phrases,
            secretary,
            self._sample_rate_hz,
            self._options.tts_first_byte_timeout_s,
        )
        self.model = model
