"""Passages of the tenant's documents for what was heard; and an answer from them without a model."""

from __future__ import annotations

import asyncio
import re
from typing import Final

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.intents import Lexicon
from voice_ai_service.dialogue.overlap import content_words
from voice_ai_service.dialogue.speakable import speakable
from voice_ai_service.dialogue.turn import Passage, TurnContext
from voice_ai_service.errors import ProviderError, Unavailable
from voice_ai_service.knowledge.follow_up import rewrite_follow_up
from voice_ai_service.text.words import words

MAX_PASSAGES: Final = 4
RETRIEVAL_TIMEOUT_S: Final = 1.5
"""Retrieval is silence on the line; after this the turn goes on without documents."""
_MIN_SHARE: Final = 0.6
_MAX_EXCERPT_CHARS: Final = 300
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")

_log = structlog.get_logger()


async def retrieve(turn: TurnContext, clock: Clock) -> tuple[tuple[Passage, ...], float | None]:
    """Passages, best first, and the milliseconds they took; None where there are no documents to ask.

    A failure costs the passages and nothing else.
    """
    if turn.passages is None or not turn.heard.text.strip():
        return (), None
    began = clock.monotonic()
    found: tuple[Passage, ...] = ()
    try:
        async with asyncio.timeout(RETRIEVAL_TIMEOUT_S):
            found = await turn.passages.find(
                turn.tenant,
                rewrite_follow_up(_heard_before(turn), turn.heard.text),
                turn.secretary.settings.languages,
                MAX_PASSAGES,
                secretary_uuid=turn.secretary.secretary_uuid,
            )
    except (TimeoutError, Unavailable, ProviderError) as error:
        _log.warning(
            "answering without documents",
            call_uuid=str(turn.call.call_uuid),
            domain_uuid=str(turn.call.domain_uuid),
            turn=turn.turn,
            reason=type(error).__name__,
        )
    return found, (clock.monotonic() - began) * 1000


async def has_documents(turn: TurnContext) -> bool:
    """Whether the tenant has any; where nobody knows, none, since nothing was found in them anyway."""
    if turn.passages is None:
        return False
    try:
        async with asyncio.timeout(RETRIEVAL_TIMEOUT_S):
            return await turn.passages.has_documents(turn.tenant)
    except (TimeoutError, Unavailable):
        return False


def _heard_before(turn: TurnContext) -> tuple[str, ...]:
    return tuple(record.heard for record in turn.call.turns if record.turn < turn.turn and record.heard)


def excerpt(passages: tuple[Passage, ...], question: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """What the best passage answers, else the sentence that has most of the question's words; with its passage's
    id; None when none has enough.

    At least two words, or the only one: one shared word among many is chance.
    """
    if passages and passages[0].answer:  # whoever searched knows what the words stood for
        text = speakable(passages[0].answer)
        return (text, passages[0].source_id) if text else None
    asked = content_words(words(question), lexicon)
    if not asked:
        return None
    best: tuple[int, str, str] | None = None
    for passage in passages:
        sentences = [part for part in _SENTENCE_END.split(passage.text) if part.strip()]
        for index, sentence in enumerate(sentences):
            shared = len(asked & content_words(words(sentence), lexicon))
            if best is None or shared > best[0]:
                best = (shared, _with_next(sentences, index), passage.source_id)
    if best is None or best[0] < min(2, len(asked)) or best[0] / len(asked) < _MIN_SHARE:
        return None
    text = speakable(best[1])
    return (text, best[2]) if text else None


def _with_next(sentences: list[str], index: int) -> str:
    """A sentence, and the one after it where both are short."""
    both = " ".join(sentences[index : index + 2])
    return both if len(both) <= _MAX_EXCERPT_CHARS else sentences[index][:_MAX_EXCERPT_CHARS]
