"""First words, synthesised ahead: the caller hears the greeting as soon as the call is answered."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from voice_ai_service.dialogue import opening
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.turn import Heard, TurnContext
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.parts import TurnModeParts

log = structlog.get_logger()

_NO_CALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Greetings:
    parts: TurnModeParts

    async def warm(self, tenant: Tenant, extension: str) -> None:
        """Puts what a call to this extension would hear first into the cache. Failure costs time, not calls."""
        parts = self.parts
        try:
            plan = await parts.directory.for_call(tenant.domain_uuid, extension)
            now = parts.clock.now()
            secretary = plan.secretary
            call = CallState(
                call_uuid=_NO_CALL,
                domain_uuid=tenant.domain_uuid,
                secretary_uuid=secretary.secretary_uuid,
                secretary_version=secretary.version,
                started_at=now,
                language=secretary.language,
            )
            context = TurnContext(
                call=call,
                turn=0,
                plan=plan,
                tenant=tenant,
                heard=Heard(),
                is_open=plan.is_open(now, tenant.time_zone),
                now=now,
            )
            for reply in (opening.open_call(context), opening.apology(context), opening.busy(context)):
                await parts.speech.phrase(secretary, reply.text, reply.language)
        except VoiceAiError as error:
            log.warning("greeting not warmed", code=error.code, domain_uuid=str(tenant.domain_uuid))
