"""What the caller had begun to say when the line went dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.call_state import CallState, Stage, TurnRecord
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.spoken_language import likeliest_first
from voice_ai_service.errors import ProviderError, VoiceAiError
from voice_ai_service.providers.fallback import Used
from voice_ai_service.providers.stt.seam import SttOptions, Transcript
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.utterance_audio import Utterance
from voice_ai_service.turn_mode.wire import UtteranceAudio

log = structlog.get_logger()

_TIMEOUT_S: Final = 5.0
_MARGIN_MS: Final = 60_000
"""The PBX may send more than one utterance: everything since the last turn."""


@dataclass(frozen=True, slots=True)
class LastWords:
    parts: TurnModeParts

    async def added(self, tenant: Tenant, call: CallState, audio: UtteranceAudio | None) -> CallState:
        """The state with them, transcribed if that can be done soon; a message that was being left is kept as audio.

        Audio that cannot be read costs itself: losing a fragment must not lose the conversation.
        """
        if audio is None:
            return call
        parts = self.parts
        try:
            plan = await parts.directory.for_version(
                tenant.domain_uuid, call.secretary_uuid, call.secretary_version
            )
            max_ms = plan.secretary.settings.limits.max_utterance_s * 1000 + _MARGIN_MS
            utterance = await parts.utterances.read(call, audio, max_ms)
        except VoiceAiError as error:
            log.warning("last words not read", code=error.code, field=error.field)
            return call
        if not utterance.has_speech:
            return call
        used = await self._transcript(tenant, plan, utterance, call.language)
        text = used.value.text if used is not None else ""
        taking_message = call.stage is Stage.TAKING_MESSAGE
        kept = None
        if taking_message or plan.secretary.settings.record_calls:
            kept = await parts.folders.keep_utterance(
                call.domain_uuid, call.call_uuid, call.turn_count + 1, utterance.audio
            )
        if not text and kept is None:
            return call
        changes: dict[str, object] = {"turns": [*call.turns, self._record(call, used, utterance, kept)]}
        if taking_message:
            changes |= {"message_text": text or call.message_text, "message_audio_ref": kept}
        return call.model_copy(update=changes)

    async def _transcript(
        self, tenant: Tenant, plan: CallPlan, utterance: Utterance, language: str
    ) -> Used[Transcript] | None:
        settings = plan.secretary.settings
        languages = likeliest_first(language, settings.languages)
        options = SttOptions(languages=languages, phrases=phrases_for(plan), timeout_s=_TIMEOUT_S)
        try:
            chain = await self.parts.factory.stt(tenant.domain_uuid, settings.providers.stt)
            return await chain.transcribe(utterance.audio, options)
        except ProviderError as error:
            log.warning("last words not transcribed", code=error.code, provider=error.provider)
            return None

    def _record(
        self, call: CallState, used: Used[Transcript] | None, utterance: Utterance, kept: str | None
    ) -> TurnRecord:
        return TurnRecord(
            turn=call.turn_count + 1,
            started_at=self.parts.clock.now(),
            heard=used.value.text if used else "",
            heard_language=used.value.language if used else None,
            heard_confidence=used.value.confidence if used else None,
            action="none",
            caller_audio_ref=kept,
            caller_audio_ms=utterance.received_ms,
            providers={"stt": used.provider} if used else {},
            models={"stt": used.model} if used and used.model else {},
        )
