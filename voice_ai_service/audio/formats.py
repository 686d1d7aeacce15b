"""What a piece of audio is: encoding, rate, channels. Declared, never guessed from a frame's size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PHONE_RATE_HZ: Final = 8000
WIDE_RATE_HZ: Final = 16000
PTIME_MS: Final = 20


class Encoding(StrEnum):
    L16 = "L16"
    """Linear PCM, 16 bit, signed, little-endian (mod_audio_stream's byte order, not RFC 3551's)."""
    PCMU = "PCMU"
    """G.711 mu-law, RFC 3551 section 4.5.14."""
    PCMA = "PCMA"
    """G.711 A-law, RFC 3551 section 4.5.14."""

    @property
    def bytes_per_sample(self) -> int:
        return 2 if self is Encoding.L16 else 1


@dataclass(frozen=True, slots=True)
class AudioFormat:
    encoding: Encoding = Encoding.L16
    sample_rate_hz: int = PHONE_RATE_HZ
    channels: int = 1

    @property
    def bytes_per_second(self) -> int:
        return self.sample_rate_hz * self.channels * self.encoding.bytes_per_sample


@dataclass(frozen=True, slots=True)
class PcmAudio:
    """Mono L16 held in memory.

    Attributes:
        samples: Little-endian 16-bit samples, two bytes each.
        sample_rate_hz: Samples per second.
    """

    samples: bytes
    sample_rate_hz: int

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 500 // self.sample_rate_hz
