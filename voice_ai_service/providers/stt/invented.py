"""What Whisper models write when nobody spoke: captions, thanks and endless repetitions (lesson 48)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_PHRASES: Final = re.compile(
    r"""
      (legendas|legendado|subtitles|captions|captioned|transcricao|transcription)(\se\slegendas)?
        \s(por|pela|pelo|by|feitas)\b.*
    | transcricao\se\slegendas\b.*
    | .*\b(amara\s?org|opensubtitles|addic7ed)\b.*
    | (muito\s)?obrigad[oa]s?\s(a\stodos\s)?por\s(assistir|assistirem|ver|terem?\sassistido).*
    | (inscreva\sse|se\sinscreva|inscrevam\sse|deixe\s(o\sseu|seu)\slike|curta\so\svideo).*
    | (nao\sse\sesqueca\sde|nao\sesqueca\sde)\s(se\sinscrever|deixar).*
    | ate\so\sproximo\svideo
    | (thanks?|thank\syou)(\sso\smuch|\svery\smuch)?\sfor\s(watching|viewing).*
    | (please\s)?(dont\sforget\sto\s)?(like\sand\s)?subscribe(\sto\s(my|the|our|this)\schannel)?
    | see\syou\s(in\sthe\snext\s(video|one)|next\stime)
    | (musica|music|aplausos|applause|risos|laughter|silencio|silence|blank\saudio|inaudivel|inaudible)
    """,
    re.VERBOSE,
)
_MAX_NO_SPEECH: Final = 0.6
_MIN_LOGPROB: Final = -1.0
_MAX_COMPRESSION: Final = 2.4
_REPEATS: Final = re.compile(r"\b(\w+(?:\s\w+){0,5}?)(?:\s\1){4,}\b")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a transcript as the model judges it.

    Attributes:
        no_speech: 0 to 1, that there was no speech at all.
        logprob: Mean of the tokens' log probabilities.
        compression: How well the text compresses; repetitions compress well.
    """

    text: str
    no_speech: float = 0.0
    logprob: float = 0.0
    compression: float = 1.0


def is_invented(segment: Segment) -> bool:
    """Whether nobody said this. The thresholds are Whisper's own; they must agree before a text is dropped."""
    words = _folded(segment.text)
    if not words:
        return True
    if segment.no_speech > _MAX_NO_SPEECH and segment.logprob < _MIN_LOGPROB:
        return True
    if segment.compression > _MAX_COMPRESSION and _REPEATS.search(words):
        return True
    return _PHRASES.fullmatch(words) is not None


def spoken(segments: Iterable[Segment]) -> list[Segment]:
    return [segment for segment in segments if not is_invented(segment)]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (" " if character in "-_/.\n\t" else character for character in plain)
    kept = "".join(character for character in letters if character.isalnum() or character == " ")
    return " ".join(kept.split())
