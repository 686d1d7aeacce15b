"""A labelled set of made-up callers: where each begins, stops to think, and is really done.

The voice is espeak-ng's through the project's own worker, so nothing in it says how people sound; it compares
settings, and it promises nothing about people. Telephone band, mu-law, noise at several ratios; the same from run to
run but for the voice's own breath, which moves a figure by one caller or two.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.figures import BenchmarkError
from benchmarks.turn_taking_sentences import SENTENCES
from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear
from voice_ai_service.providers.tts.embedded import EmbeddedTts
from voice_ai_service.providers.tts.seam import TtsOptions
from voice_ai_service.simulated_caller.caller import over_the_phone

Samples = npt.NDArray[np.float64]

LEAD_MS: Final = 1500
TAIL_MS: Final = 4000
_PAUSES_MS: Final = (250, 350, 450, 600, 800, 1000)
_VARIANTS: Final = ("", "f2", "m3", "f4", "m7")
_SPEED: Final = 1.1
"""175 words a minute, as people talk on the telephone."""
_LOUDNESS_DBFS: Final = (-30.0, -18.0)
_HISS_DBFS: Final = -62.0
_EDGE_DB: Final = 32.0
"""A clause begins and ends where its level is within this of its loudest 10 ms."""
_EDGE_MS: Final = 10


@dataclass(frozen=True, slots=True)
class Noise:
    """What is on the line beside the caller.

    Attributes:
        kind: `hiss` (a quiet line), `white`, or `babble`: other people.
        snr_db: The caller's level above it, while speaking.
    """

    kind: str
    snr_db: float = 0.0

    @property
    def name(self) -> str:
        return self.kind if self.kind == "hiss" else f"{self.kind}_{self.snr_db:.0f}dB"


NOISES: Final = (
    Noise("hiss"),
    Noise("white", 20),
    Noise("white", 12),
    Noise("babble", 20),
    Noise("babble", 12),
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One caller, 8 kHz.

    Attributes:
        parts_ms: Where the clauses begin and end; between them the caller thinks, after the last he waits.
        index: Of the sentence, for splitting the set.
    """

    language: str
    index: int
    noise: Noise
    audio: PcmAudio
    parts_ms: tuple[tuple[int, int], ...]

    @property
    def begin_ms(self) -> int:
        return self.parts_ms[0][0]

    @property
    def end_ms(self) -> int:
        return self.parts_ms[-1][1]


async def labelled_set(noises: Sequence[Noise] = NOISES) -> list[Labelled]:
    """Every sentence, in every noise. Raises BenchmarkError when the voice gives silence."""
    made = []
    async with aclosing(EmbeddedTts()) as voice:
        others = {language: await _babble(voice, language) for language in SENTENCES}
        for language, sentences in SENTENCES.items():
            for index, sentence in enumerate(sentences):
                rng = np.random.default_rng([index, len(language)])
                clauses = await _clauses(voice, language, sentence, _VARIANTS[index % len(_VARIANTS)])
                clean, parts = _laid_out(clauses, rng)
                made += [
                    Labelled(language, index, noise, _on_the_line(clean, noise, others[language], rng), parts)
                    for noise in noises
                ]
    return made


async def _clauses(voice: EmbeddedTts, language: str, sentence: str, variant: str) -> list[Samples]:
    """Spoken one by one; what is not the end of the sentence is spoken as unfinished as its comma or dots ask for."""
    *earlier, last = (part.strip() for part in sentence.split("|"))
    texts = [part if part.endswith(",") else f"{part}..." for part in earlier]
    return [trimmed(over_the_phone(await spoken(voice, text, language, variant))) for text in (*texts, last)]


async def spoken(voice: EmbeddedTts, text: str, language: str, variant: str) -> PcmAudio:
    """One text at the pace of the telephone, 8 kHz."""
    name = {"en": "en-us", "pt-BR": "pt-br"}[language]
    options = TtsOptions(
        language,
        voice=f"{name}+{variant}" if variant else name,
        sample_rate_hz=PHONE_RATE_HZ,
        speed=_SPEED,
    )
    async with aclosing(voice.stream(_one(text), options)) as chunks:
        return PcmAudio(b"".join([chunk async for chunk in chunks]), PHONE_RATE_HZ)


async def _one(text: str) -> AsyncIterator[str]:
    yield text


async def _babble(voice: EmbeddedTts, language: str) -> Samples:
    """Six people at once, 20 s."""
    length = 20 * PHONE_RATE_HZ
    mixed = np.zeros(length)
    for person in range(6):
        texts = SENTENCES[language][person::6]
        lines = [as_floats(await spoken(voice, text, language, _VARIANTS[person % 5])) for text in texts]
        one = np.concatenate(lines)
        mixed += np.resize(np.roll(one, 3777 * person), length) / max(_rms(one), 1.0)
    return mixed


def as_floats(audio: PcmAudio) -> Samples:
    return np.frombuffer(audio.samples, dtype="<i2").astype(np.float64)


def trimmed(audio: PcmAudio) -> Samples:
    """From its first to its last audible moment. Raises BenchmarkError for silence."""
    samples = as_floats(audio)
    step = PHONE_RATE_HZ * _EDGE_MS // 1000
    blocks = samples[: len(samples) // step * step].reshape(-1, step)
    levels = 20 * np.log10(np.sqrt(np.mean(blocks**2, axis=1)) + 1e-3) if len(blocks) else np.zeros(0)
    audible = np.flatnonzero(levels > levels.max(initial=0) - _EDGE_DB)
    if not len(audible) or levels.max() < 20:
        raise BenchmarkError("the local voice said nothing")
    return samples[audible[0] * step : (audible[-1] + 1) * step]


def _laid_out(
    clauses: list[Samples], rng: np.random.Generator
) -> tuple[Samples, tuple[tuple[int, int], ...]]:
    loudness_dbfs = rng.uniform(*_LOUDNESS_DBFS)
    gain = 32768 * 10 ** (loudness_dbfs / 20) / _rms(np.concatenate(clauses))
    pieces: list[Samples] = [np.zeros(LEAD_MS * 8)]
    parts: list[tuple[int, int]] = []
    at = len(pieces[0])
    for clause in clauses:
        parts.append((at // 8, (at + len(clause)) // 8))
        pause = np.zeros(8 * int(rng.choice(_PAUSES_MS)))
        pieces += [clause * gain, pause]
        at += len(clause) + len(pause)
    return np.concatenate([*pieces[:-1], np.zeros(TAIL_MS * 8)]), tuple(parts)


def _on_the_line(clean: Samples, noise: Noise, babble: Samples, rng: np.random.Generator) -> PcmAudio:
    hiss = rng.normal(0, 32768 * 10 ** (_HISS_DBFS / 20), len(clean))
    level = _rms(clean[clean != 0]) * 10 ** (-noise.snr_db / 20)
    if noise.kind == "white":
        hiss = hiss + rng.normal(0, level, len(clean))
    elif noise.kind == "babble":
        others = np.resize(np.roll(babble, int(rng.integers(len(babble)))), len(clean))
        hiss = hiss + others * level / _rms(babble)
    line = np.clip(clean + hiss, -32768, 32767).astype("<i2").tobytes()
    return PcmAudio(ulaw_to_linear(linear_to_ulaw(line)), PHONE_RATE_HZ)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))
