"""Whether who answered said yes: only a sentence that is nothing but a yes counts (lesson 41). Pure.

Stricter than a caller's yes (`dialogue.yes_no`): an answering machine's "pode deixar o seu recado" begins with a yes.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.text.languages import closest
from voice_ai_service.text.words import find_sequences, words

ACCEPT_KEY: Final = "1"
REFUSE_KEY: Final = "2"
MAX_WORDS: Final = 8
"""A longer sentence is somebody's, or a machine's, own speech."""


class _Phrases(BaseModel):
    """`accept` and `fill` make a yes together, with at least one `accept`; `refuse` counts wherever it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    accept: tuple[str, ...] = Field(min_length=1)
    fill: tuple[str, ...]
    refuse: tuple[str, ...] = Field(min_length=1)


def answer_of(said: str, language: str) -> Literal["yes", "no"] | None:
    """What an utterance answers to "can you take this call?"; None for anything else, a question included."""
    spoken = words(said)
    known = _phrases(closest(language, LANGUAGES) or LANGUAGES[0])
    if any(find_sequences(spoken, refusal) for refusal in known["refuse"]):
        return "no"
    if not spoken or len(spoken) > MAX_WORDS or "?" in said:
        return None
    return "yes" if _is_made_of(spoken, known["accept"], known["fill"]) else None


def key_answer(digits: str) -> Literal["yes", "no"] | None:
    """The first key that answers."""
    for digit in digits:
        if digit == ACCEPT_KEY:
            return "yes"
        if digit == REFUSE_KEY:
            return "no"
    return None


_Wordings = tuple[tuple[str, ...], ...]


def _is_made_of(spoken: tuple[str, ...], accept: _Wordings, fill: _Wordings) -> bool:
    """Whether phrases of both, one after another, are the whole sentence, and one of them accepts."""
    # reach[i]: the first i words can be made of phrases; True where one of those accepts.
    reach: dict[int, bool] = {0: False}
    for start in range(len(spoken)):
        if start not in reach:
            continue
        for phrases, accepts in ((accept, True), (fill, False)):
            for phrase in phrases:
                end = start + len(phrase)
                if spoken[start:end] == phrase:
                    reach[end] = reach.get(end, False) or reach[start] or accepts
    return reach.get(len(spoken), False)


@cache
def _phrases(language: str) -> dict[str, _Wordings]:
    source = resources.files(__package__) / f"accept.{language}.json"
    loaded = _Phrases.model_validate_json(source.read_text(encoding="utf-8"))
    return {
        name: tuple(words(phrase) for phrase in getattr(loaded, name))
        for name in ("accept", "fill", "refuse")
    }


for _language in LANGUAGES:  # read at import, so that a broken file stops the start and no call
    _phrases(_language)
del _language
