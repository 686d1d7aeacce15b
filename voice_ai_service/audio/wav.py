"""WAV files (RIFF/WAVE; Microsoft's "Multiple channel audio data and WAVE files" for the extensible header).

Reads what telephony and browsers write: PCM of 8 and 16 bits, A-law, mu-law and 32-bit float, one or two
    channels, also when the writer did not know the length (sizes of 0 or 0xFFFFFFFF) and when the end is
    missing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio import g711
from voice_ai_service.audio.formats import Encoding, PcmAudio

Channel = Literal["mix", "first", "second"]
"""Which part of a two-channel file is meant; `mix` is the mean of both."""

_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_EXTENSIBLE_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the format code in an extensible header's GUID."""
_UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF)
_READABLE: Final = frozenset({(_PCM, 8), (_PCM, 16), (_FLOAT, 32), (_ALAW, 8), (_ULAW, 8)})


class WavError(ValueError):
    """Not a WAV file that we read; the message says what is wrong and is fit for the person who sent it."""


@dataclass(frozen=True, slots=True)
class WavFile:
    """A file's header and its undecoded samples.

    Attributes:
        code: Format code; an extensible header's inner one.
        data: Whole sample frames only.
    """

    code: int
    bits: int
    channels: int
    sample_rate_hz: int
    data: memoryview

    @property
    def frame_count(self) -> int:
        return len(self.data) * 8 // (self.bits * self.channels)

    @property
    def duration_s(self) -> float:
        return self.frame_count / self.sample_rate_hz


def parse_wav(content: bytes) -> WavFile:
    """Raises WavError. Costs nothing for a long file: samples are not looked at."""
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise WavError("It does not begin with a RIFF/WAVE header.")
    header: WavFile | None = None
    for name, start, end in _chunks(content):
        body = memoryview(content)[start:end]
        if name == b"fmt " and header is None:
            header = _parse_format(bytes(body))
        elif name == b"data":
            if header is None:
                raise WavError("Its samples come before its format.")
            whole = len(body) - len(body) % (header.channels * header.bits // 8)
            return WavFile(header.code, header.bits, header.channels, header.sample_rate_hz, body[:whole])
    raise WavError("It has no samples." if header else "It has no format.")


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, first and last byte of each chunk; nothing beyond the end of the content."""
    riff_size = struct.unpack_from("<I", content, 4)[0]
    sizes_are_true = riff_size not in _UNKNOWN_SIZES and riff_size + 8 >= len(content)
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        at += 8
        endless = name == b"data" and (size == 0xFFFFFFFF or (size == 0 and not sizes_are_true))
        end = len(content) if endless else min(at + size, len(content))
        yield name, at, end
        at = end + size % 2


def _parse_format(body: bytes) -> WavFile:
    if len(body) < 16:
        raise WavError("Its format is cut short.")
    code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE:
        if len(body) < 40 or body[26:40] != _EXTENSIBLE_TAIL:
            raise WavError("Its extensible format is cut short or not an audio format.")
        code = struct.unpack_from("<H", body, 24)[0]
    if (code, bits) not in _READABLE:
        raise WavError(f"Its format is {_format_name(code)} of {bits} bits.")
    if channels not in (1, 2):
        raise WavError(f"It has {channels} channels.")
    if rate_hz == 0:
        raise WavError("Its sample rate is 0.")
    return WavFile(code, bits, channels, rate_hz, memoryview(b""))


def _format_name(code: int) -> str:
    known = {
        _PCM: "PCM",
        2: "ADPCM",
        _FLOAT: "float",
        _ALAW: "A-law",
        _ULAW: "mu-law",
        0x31: "GSM",
        0x55: "MP3",
    }
    return known.get(code, f"number {code}")


def decode_wav(file: WavFile, channel: Channel = "mix") -> PcmAudio:
    """The samples as mono L16 at the file's own rate."""
    samples = _linear(file)
    if file.channels == 2:
        pairs = samples.reshape(-1, 2)
        if channel == "mix":
            samples = ((pairs[:, 0].astype(np.int32) + pairs[:, 1]) >> 1).astype("<i2")
        else:
            samples = np.ascontiguousarray(pairs[:, 0 if channel == "first" else 1])
    return PcmAudio(bytes(samples.data), file.sample_rate_hz)


def _linear(file: WavFile) -> npt.NDArray[np.int16]:
    if (file.code, file.bits) == (_PCM, 16):
        return np.frombuffer(file.data, dtype="<i2")
    if file.code == _PCM:  # 8-bit WAV samples are unsigned
        return (np.frombuffer(file.data, dtype=np.uint8).astype(np.int16) - np.int16(128)) << np.int16(8)
    if file.code == _FLOAT:
        values = np.nan_to_num(np.frombuffer(file.data, dtype="<f4"), nan=0.0, posinf=1.0, neginf=-1.0)
        samples: npt.NDArray[np.int16] = np.rint(
            np.clip(values.astype(np.float64), -1.0, 1.0) * 32767
        ).astype("<i2")
        return samples
    decode = g711.ulaw_to_linear if file.code == _ULAW else g711.alaw_to_linear
    return np.frombuffer(decode(bytes(file.data)), dtype="<i2")


def read_wav(content: bytes, channel: Channel = "mix") -> PcmAudio:
    """Raises WavError."""
    return decode_wav(parse_wav(content), channel)


def write_wav(audio: PcmAudio, encoding: Encoding = Encoding.L16) -> bytes:
    """A mono file. Companded formats get the longer `fmt ` and the `fact` that the standard asks of them."""
    code = {Encoding.L16: _PCM, Encoding.PCMU: _ULAW, Encoding.PCMA: _ALAW}[encoding]
    width = encoding.bytes_per_sample
    rate_hz = audio.sample_rate_hz
    data = g711.encode(audio.samples, encoding)
    body = struct.pack("<HHIIHH", code, 1, rate_hz, rate_hz * width, width, 8 * width)
    chunks = _chunk(b"fmt ", body)
    if encoding is not Encoding.L16:
        chunks = _chunk(b"fmt ", body + b"\0\0") + _chunk(b"fact", struct.pack("<I", len(data)))
    chunks += _chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
