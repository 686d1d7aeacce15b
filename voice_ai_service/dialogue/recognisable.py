"""What the caller is likely to say, for recognisers."""

from __future__ import annotations

from functools import lru_cache

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.vocabulary import vocabulary_of
from voice_ai_service.providers.stt.seam import Phrase


@lru_cache(maxsize=256)
def phrases_for(plan: CallPlan) -> tuple[Phrase, ...]:
    """Every phrase that the secretary can act on, in each language it speaks, the tenant's own first.

    The command recogniser's grammar; hot words for everybody else. The same plan gives the same tuple.
    """
    return tuple(Phrase(entry.text, entry.language) for entry in vocabulary_of(plan).entries)
