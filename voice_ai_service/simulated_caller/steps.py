"""The caller's script from files, texts and keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import WavError, read_wav
from voice_ai_service.errors import InvalidInput
from voice_ai_service.simulated_caller.caller import Press, Quiet, Say, Step, over_the_phone

Kind = Literal["wav", "say", "dtmf", "silence", "barge_in_at"]

_PORTUGUESE: Final = frozenset(
    [
        "a",
        "ao",
        "as",
        "bom",
        "boa",
        "boleto",
        "com",
        "como",
        "da",
        "de",
        "do",
        "dia",
        "e",
        "em",
        "eu",
        "falar",
        "favor",
        "horario",
        "horarios",
        "minha",
        "na",
        "nao",
        "no",
        "noite",
        "o",
        "obrigado",
        "obrigada",
        "oi",
        "ola",
        "os",
        "onde",
        "para",
        "pessoa",
        "por",
        "posso",
        "preciso",
        "qual",
        "quais",
        "quando",
        "quanto",
        "que",
        "quero",
        "queria",
        "segunda",
        "sim",
        "tarde",
        "tchau",
        "uma",
        "um",
        "via",
        "voce",
        "voces",
    ]
)
_ENGLISH: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "bye",
        "can",
        "could",
        "do",
        "does",
        "for",
        "goodbye",
        "hello",
        "hi",
        "hours",
        "how",
        "i",
        "in",
        "is",
        "me",
        "my",
        "no",
        "of",
        "on",
        "open",
        "opening",
        "person",
        "please",
        "speak",
        "talk",
        "thank",
        "thanks",
        "that",
        "the",
        "to",
        "want",
        "what",
        "when",
        "where",
        "with",
        "would",
        "yes",
        "you",
        "your",
    ]
)


class Voice(Protocol):
    """Speaks for the caller, in another voice than the secretary's."""

    async def speak(self, text: str, language: str) -> PcmAudio:
        """Raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """One option of the command line, in its place among the others."""

    kind: Kind
    value: str


def guess_language(text: str) -> str:
    """`pt-BR` or `en`, by the words that are only one's; Portuguese when nothing tells."""
    if any(unicodedata.combining(sign) for sign in unicodedata.normalize("NFD", text)):
        return "pt-BR"
    words = re.findall(r"\w+", text.lower())
    portuguese = sum(word in _PORTUGUESE - _ENGLISH for word in words)
    english = sum(word in _ENGLISH - _PORTUGUESE for word in words)
    return "en" if english > portuguese else "pt-BR"


async def steps_of(wishes: Sequence[Wish], voice: Voice | None, language: str | None) -> list[Step]:
    """Raises InvalidInput, naming the option."""
    steps: list[Step] = []
    barge_in_at_ms: int | None = None
    for wish in wishes:
        if wish.kind == "barge_in_at":
            barge_in_at_ms = int(wish.value)
            continue
        steps.append(await _step(wish, barge_in_at_ms, voice, language))
        barge_in_at_ms = None
    if barge_in_at_ms is not None:
        raise InvalidInput(
            "Nothing follows to barge in with",
            field="--barge-in-at",
            fix="Put it before a --say, --wav or --dtmf",
        )
    return steps


async def _step(wish: Wish, barge_in_at_ms: int | None, voice: Voice | None, language: str | None) -> Step:
    if wish.kind == "silence":
        return Quiet(float(wish.value))
    if wish.kind == "dtmf":
        return Press(_keys(wish.value), barge_in_at_ms)
    if wish.kind == "wav":
        return Say(over_the_phone(_wav(wish.value)), barge_in_at_ms)
    if voice is None:
        raise InvalidInput(
            "There is no voice on this machine to say it with",
            field="--say",
            fix="Install the extra `embedded`, or send a file with --wav",
        )
    spoken = await voice.speak(wish.value, language or guess_language(wish.value))
    return Say(over_the_phone(spoken), barge_in_at_ms)


def _keys(text: str) -> str:
    if not re.fullmatch(r"[0-9*#]{1,20}", text):
        raise InvalidInput("Keys are 0 to 9, * and #", field="--dtmf", fix="For example --dtmf 0")
    return text


def _wav(path: str) -> PcmAudio:
    try:
        return read_wav(Path(path).read_bytes())
    except OSError as error:
        raise InvalidInput(
            f"The file cannot be read: {error.strerror}", field="--wav", fix="Name a WAV file"
        ) from error
    except WavError as error:
        raise InvalidInput(str(error), field="--wav", fix="Send a PCM or G.711 WAV file") from error
