"""First words, made before anybody calls: the caller hears them as soon as the socket opens."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from realtime_bridge.session.last_resort import without_a_brain
from realtime_bridge.session.notice import split_notice
from realtime_bridge.session.parts import Voices
from voice_ai_service.audio.formats import PHONE_RATE_HZ
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.secretary import Mode
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.opening import busy, open_call
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.dialogue.turn import Heard, TurnContext
from voice_ai_service.errors import ProviderError, Unavailable, VoiceAiError
from voice_ai_service.providers.tts.sentences import SentenceSplitter
from voice_ai_service.tenancy.tenant import Tenant

_NO_CALL = UUID(int=0)


class Domains(Protocol):
    """`tenancy.domains.Domains`."""

    async def with_secretaries(self) -> Sequence[UUID]: ...

    async def by_uuid(self, domain_uuid: UUID) -> Tenant: ...


class Draft(Protocol):
    @property
    def extension(self) -> str: ...
    @property
    def enabled(self) -> bool: ...


class StoredSecretary(Protocol):
    @property
    def draft(self) -> Draft: ...
    @property
    def published_version(self) -> int | None: ...


class Secretaries(Protocol):
    """`calls.repository.SecretaryRepository`."""

    async def list(self, domain_uuid: UUID) -> Sequence[StoredSecretary]: ...


class Directory(Protocol):
    """`calls.secretary_book.SecretaryBook`."""

    async def for_call(self, domain_uuid: UUID, extension: str) -> CallPlan: ...


log = structlog.get_logger()


def first_words(tenant: Tenant, plan: CallPlan, now: datetime) -> tuple[str, ...]:
    """Sentence by sentence as the session says them: greeting, apology, busy, and a word while waiting. Pure."""
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
    passages = [
        *split_notice(open_call(context).text, secretary),
        without_a_brain(context).text,
        busy(context).text,
        texts(secretary.language).one_moment,
    ]
    sentences: list[str] = []
    for passage in passages:
        splitter = SentenceSplitter()
        sentences += [*splitter.feed(passage), *splitter.finish()]
    return tuple(dict.fromkeys(sentences))


async def warm(
    voices: Voices, tenant: Tenant, plan: CallPlan, now: datetime, *, sample_rate_hz: int = PHONE_RATE_HZ
) -> int:
    """Puts them into the cache. Returns how many; a voice that fails costs time later, not calls."""
    made = 0
    try:
        voice = await voices.voice(plan.secretary, sample_rate_hz)
        for sentence in first_words(tenant, plan, now):
            async with aclosing(voice.sentence(sentence, plan.secretary.language, keep=True)) as pieces:
                async for _ in pieces:
                    pass
            made += 1
    except (ProviderError, Unavailable) as error:
        log.warning("first words not warmed", code=error.code, domain_uuid=str(tenant.domain_uuid))
    return made


async def warm_all(
    voices: Voices, domains: Domains, secretaries: Secretaries, directory: Directory, clock: Clock
) -> int:
    """Of every secretary that realtime calls may come to; calls are served meanwhile. Returns how many sentences.

    Raises:
        Unavailable: The database is not there.
    """
    made = 0
    for domain_uuid in await domains.with_secretaries():
        tenant = await domains.by_uuid(domain_uuid)
        for stored in await secretaries.list(domain_uuid):
            if stored.published_version is None or not stored.draft.enabled:
                continue
            try:
                plan = await directory.for_call(domain_uuid, stored.draft.extension)
            except Unavailable:
                raise
            except VoiceAiError as error:  # one that contradicts itself must not keep the others cold
                log.warning("first words not warmed", code=error.code, domain_uuid=str(domain_uuid))
                continue
            if plan.secretary.mode is not Mode.TURN:
                made += await warm(voices, tenant, plan, clock.now())
    return made
