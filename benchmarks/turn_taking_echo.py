"""A secretary who talks for minutes into a line that sends its voice back, and callers who interrupt it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.turn_taking_sentences import SENTENCES
from benchmarks.turn_taking_set import Samples, spoken, trimmed
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.events import Discarded, Ended, Onset
from voice_ai_service.audio.formats import PHONE_RATE_HZ, PTIME_MS
from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear
from voice_ai_service.calls.secretary import TurnTaking
from voice_ai_service.providers.tts.embedded import EmbeddedTts

DELAYS_MS: Final = (100, 160, 217, 300)
GAINS_DB: Final = (-6.0, -12.0, -18.0, -25.0)
NO_ECHO_DB: Final = -200.0
_LEARNT_MS: Final = 6000
_EVERY_MS: Final = 5000
_LONGEST_MS: Final = 2000
_PAUSED_AFTER_MS: Final = 60
_SECRETARY_DBFS: Final = -20.0
_QUIETEST_DBFS: Final = -36.0
_HISS: Final = 32768 * 10 ** (-62 / 20)
_FRAME: Final = PHONE_RATE_HZ * PTIME_MS // 1000
_REPLIES: Final = (
    ("pt-BR", "Bom dia, você ligou para a clínica Horizonte. Em que posso ajudar?"),
    ("pt-BR", "Claro, posso marcar a sua consulta com a doutora Marina na terça-feira às três da tarde."),
    ("pt-BR", "O endereço é rua das Flores, número cento e vinte, no centro da cidade."),
    ("pt-BR", "Aceitamos todos os convênios. Posso ajudar em mais alguma coisa?"),
    ("en", "Good afternoon, this is the virtual assistant of Horizon. How may I help you today?"),
    ("en", "Your appointment is now confirmed for Tuesday at three in the afternoon."),
)


@dataclass(frozen=True, slots=True)
class Voices:
    replies: tuple[Samples, ...]
    callers: tuple[Samples, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What it does to the voice that comes back: later, quieter, blurred over a few milliseconds."""

    delay_ms: int
    gain_db: float

    def blur(self) -> Samples:
        taps = np.random.default_rng(self.delay_ms).normal(size=96) * np.exp(-np.arange(96) / 19)
        taps[0] += 1.5
        loudness = 10 ** (self.gain_db / 20) if self.gain_db > NO_ECHO_DB else 0.0
        shaped: Samples = taps * loudness / np.sqrt(np.sum(taps**2))
        return shaped


async def voices() -> Voices:
    """Raises BenchmarkError when the voice gives silence."""
    async with aclosing(EmbeddedTts()) as voice:
        replies = [trimmed(await spoken(voice, text, language, "f2")) for language, text in _REPLIES]
        texts = [(language, text) for language, some in SENTENCES.items() for text in some[1::2]]
        variants = ("", "m3", "f4", "m7")
        callers = [
            trimmed(await spoken(voice, text.replace("|", ""), language, variants[index % 4]))
            for index, (language, text) in enumerate(texts)
        ]
    return Voices(tuple(replies), tuple(callers))


def talking(voices: Voices, seconds: int, seed: int = 0) -> Samples:
    """The secretary's side: replies with short breaks."""
    rng, pieces, length = np.random.default_rng(seed), list[Samples](), 0
    while length < seconds * PHONE_RATE_HZ:
        reply = voices.replies[rng.integers(len(voices.replies))]
        scaled = reply * 32768 * 10 ** (_SECRETARY_DBFS / 20) / np.std(reply)
        pieces += [scaled, np.zeros(8 * int(rng.integers(100, 1200)))]
        length += len(pieces[-2]) + len(pieces[-1])
    return np.concatenate(pieces)[: seconds * PHONE_RATE_HZ].clip(-32768, 32767)


def self_interruptions(line: Line, voices: Voices, seconds: int) -> int:
    """Onsets while nobody but the secretary talks."""
    played = talking(voices, seconds)
    silent = np.zeros(len(played))
    found = _Conversation(line, played, silent, Ear(TurnTaking(), PHONE_RATE_HZ)).onsets()
    return sum(1 for _ in found)


def interruption_delays(line: Line, voices: Voices, louder_db: float, callers: int) -> list[int | None]:
    """From each caller's first sound over the secretary's to the onset, None where it was not noticed in time.

    Args:
        louder_db: The caller's level over the echo's, but at least -36 dBFS: a quieter one is hard to hear
            without any echo; -26 dBFS where there is none.
    """
    rng = np.random.default_rng([line.delay_ms, callers])
    seconds = (_LEARNT_MS + _EVERY_MS * callers) // 1000
    echo_dbfs = _SECRETARY_DBFS + line.gain_db if line.gain_db > NO_ECHO_DB else -26.0 - louder_db
    near_dbfs = max(echo_dbfs + louder_db, _QUIETEST_DBFS)
    near, spans = np.zeros(seconds * PHONE_RATE_HZ), list[tuple[int, int]]()
    for index in range(callers):
        voice = voices.callers[rng.integers(len(voices.callers))][: 8 * _LONGEST_MS]
        at_ms = _LEARNT_MS + _EVERY_MS * index + int(rng.integers(400))
        near[8 * at_ms : 8 * at_ms + len(voice)] += voice * 32768 * 10 ** (near_dbfs / 20) / np.std(voice)
        spans.append((at_ms, at_ms + len(voice) // 8))
    played = talking(voices, seconds, seed=line.delay_ms)
    onsets = list(_Conversation(line, played, near, Ear(TurnTaking(), PHONE_RATE_HZ)).onsets())
    return [next((at - begin for at in onsets if begin < at <= end), None) for begin, end in spans]


def returned(line: Line, played: Samples) -> bytes:
    """What comes back of it all, with the line's hiss."""
    conversation = _Conversation(line, played, np.zeros(len(played)), Ear(TurnTaking(), PHONE_RATE_HZ))
    frames = (played[at : at + _FRAME] for at in range(0, len(played) - _FRAME + 1, _FRAME))
    return b"".join(conversation.heard(frame, np.zeros(_FRAME)) for frame in frames)


class _Conversation:
    """The line frame by frame: the secretary is silent from shortly after an onset until the caller is done."""

    def __init__(self, line: Line, secretary: Samples, near: Samples, ear: Ear) -> None:
        self._secretary, self._near, self._ear = secretary, near, ear
        self._blur, self._delay = line.blur(), 8 * line.delay_ms
        self._left = np.zeros(self._delay + len(self._blur) + _FRAME)
        self._noise = np.random.default_rng(1)

    def onsets(self) -> Iterator[int]:
        """When each was decided, in ms."""
        at, silent_from_ms = 0, None
        for start in range(0, len(self._near) - _FRAME + 1, _FRAME):
            talks = silent_from_ms is None or self._ear.now_ms < silent_from_ms
            played = self._secretary[at : at + _FRAME] if talks else np.zeros(_FRAME)
            at += _FRAME * talks
            heard = self.heard(played, self._near[start : start + _FRAME])
            for event in self._ear.hear(heard, played.astype("<i2").tobytes() if talks else None):
                if isinstance(event, Onset):
                    silent_from_ms = self._ear.now_ms + _PAUSED_AFTER_MS
                    yield self._ear.now_ms
                elif isinstance(event, Ended | Discarded):
                    silent_from_ms = None

    def heard(self, played: Samples, near: Samples) -> bytes:
        self._left = np.concatenate([self._left[_FRAME:], played])
        first = len(self._left) - _FRAME - self._delay - len(self._blur) + 1
        echo = np.convolve(self._left[first : len(self._left) - self._delay], self._blur, "valid")
        mixed = echo + near + self._noise.normal(0, _HISS, _FRAME)
        return ulaw_to_linear(linear_to_ulaw(mixed.clip(-32768, 32767).astype("<i2").tobytes()))
