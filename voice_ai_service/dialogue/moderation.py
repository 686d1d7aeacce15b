"""What the secretary must not say, sentence by sentence, before any voice gets it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol

import structlog

from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.dialogue.turn import ReplyDone, ReplyEvent, ReplyText, ToolRun, TurnContext
from voice_ai_service.errors import ProviderError
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.text.words import configured_words, find_sequences, words

EVENT: Final = "moderation"
"""The name under which it is stored with the message, among the tools' runs."""
UNKNOWN: Final = "unknown"
"""The category where the one who judges did not answer: what was not judged is not said."""

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+")

log = structlog.get_logger()


class Moderator(Protocol):
    async def judge(self, tenant: Tenant, text: str) -> str | None:
        """Why a sentence must not be said, in one bounded word; None: it may. Raises ProviderError."""
        ...


class BlockedWords:
    """The tenant's own list: whole words in their order, whatever their case and accents."""

    async def judge(self, tenant: Tenant, text: str) -> str | None:
        """As the protocol says; never fails."""
        if not tenant.blocked_words:
            return None
        spoken = words(text)
        found = (find_sequences(spoken, configured_words(entry)) for entry in tenant.blocked_words)
        return "blocked_words" if any(found) else None


async def moderated(
    events: AsyncGenerator[ReplyEvent, None], turn: TurnContext, moderators: Sequence[Moderator]
) -> AsyncGenerator[ReplyEvent, None]:
    """The reply with one sentence of ours for what is blocked, however much that is, and with what was blocked noted.

    The words themselves are neither stored nor logged.
    """
    blocked: list[ToolRun] = []
    async with aclosing(events):
        async for event in events:
            if isinstance(event, ReplyDone):
                yield replace(event, tools=(*event.tools, *blocked)) if blocked else event
                continue
            category = await _category(turn.tenant, event.text, moderators)
            if category is None:
                yield event
                continue
            log.warning("a sentence was not said", call_uuid=str(turn.call.call_uuid), category=category)
            instead = "" if blocked else texts(event.language).not_said
            blocked.append(ToolRun(EVENT, {"category": category}, "refused"))
            text = await _without_blocked(turn.tenant, event.text, instead, moderators)
            if text:
                yield ReplyText(text, event.language)


async def _without_blocked(tenant: Tenant, text: str, instead: str, moderators: Sequence[Moderator]) -> str:
    """A piece of several short sentences keeps those that may be said; `instead` stands where the first was blocked."""
    sentences = _SENTENCE_END.split(text)
    allowed = [await _category(tenant, sentence, moderators) is None for sentence in sentences]
    if len(sentences) == 1 or all(allowed):
        return instead  # only together they say what must not be said
    first = allowed.index(False)
    kept = [sentence for sentence, may in zip(sentences, allowed, strict=True) if may]
    if instead:
        kept.insert(sum(allowed[:first]), instead)
    return " ".join(kept)


async def _category(tenant: Tenant, text: str, moderators: Sequence[Moderator]) -> str | None:
    for moderator in moderators:
        try:
            category = await moderator.judge(tenant, text)
        except ProviderError as error:
            log.warning("a sentence was not judged", provider=error.provider, code=error.code)
            return UNKNOWN
        if category is not None:
            return category
    return None
