"""G.711 mu-law and A-law as tables (ITU-T G.711 tables 1a-2b, the arithmetic of ITU-T G.191's reference
code).

RFC 3551 sections 4.5.14 name them PCMU and PCMA. A negative sample is coded as its one's complement, as
G.191 does, so that -1 is silence; the old audioop turned it into -8. All functions take and give whole byte
strings.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio.formats import Encoding

ULAW_SILENCE: Final = b"\xff"
ALAW_SILENCE: Final = b"\xd5"

_Bytes = npt.NDArray[np.uint8]
_Samples = npt.NDArray[np.int16]


def _segments(magnitude: npt.NDArray[np.int32], first_bound: int) -> npt.NDArray[np.int32]:
    """The segment of each magnitude: segment 0 ends at `first_bound`, each next one is twice as long."""
    bounds = np.array([first_bound << exponent for exponent in range(8)], dtype=np.int32)
    return np.minimum(np.searchsorted(bounds, magnitude, side="right"), 7).astype(np.int32)


def _ulaw_decoder() -> _Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 0x07).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2")


def _ulaw_encoder() -> _Bytes:
    """Indexed by the sample's bits read as unsigned."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum((np.where(sample < 0, ~sample, sample) >> 2) + 33, 8191).astype(np.int32)
    exponent = _segments(magnitude, 64)
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    code = np.where(sample < 0, 0x80, 0x00) | (exponent << 4) | mantissa
    coded: _Bytes = (~code & 0xFF).astype(np.uint8)
    return coded


def _alaw_decoder() -> _Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code >> 4) & 0x07
    step = (code & 0x0F) << 4
    magnitude = np.where(exponent == 0, step + 8, (step + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype("<i2")


def _alaw_encoder() -> _Bytes:
    """Indexed by the sample's bits read as unsigned."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = (np.where(sample < 0, ~sample, sample) >> 4).astype(np.int32)
    exponent = _segments(magnitude, 16)
    mantissa = (magnitude >> np.maximum(exponent - 1, 0)) & 0x0F
    code = np.where(sample < 0, 0x00, 0x80) | (exponent << 4) | mantissa
    coded: _Bytes = ((code ^ 0x55) & 0xFF).astype(np.uint8)
    return coded


_ULAW_TO_LINEAR: Final = _ulaw_decoder()
_LINEAR_TO_ULAW: Final = _ulaw_encoder()
_ALAW_TO_LINEAR: Final = _alaw_decoder()
_LINEAR_TO_ALAW: Final = _alaw_encoder()


def ulaw_to_linear(coded: bytes) -> bytes:
    return _ULAW_TO_LINEAR.take(np.frombuffer(coded, dtype=np.uint8)).tobytes()


def linear_to_ulaw(samples: bytes) -> bytes:
    """Raises ValueError when `samples` has an odd number of bytes."""
    return _LINEAR_TO_ULAW.take(np.frombuffer(samples, dtype="<u2")).tobytes()


def alaw_to_linear(coded: bytes) -> bytes:
    return _ALAW_TO_LINEAR.take(np.frombuffer(coded, dtype=np.uint8)).tobytes()


def linear_to_alaw(samples: bytes) -> bytes:
    """Raises ValueError when `samples` has an odd number of bytes."""
    return _LINEAR_TO_ALAW.take(np.frombuffer(samples, dtype="<u2")).tobytes()


def encode(samples: bytes, encoding: Encoding) -> bytes:
    """L16 as `encoding`."""
    if encoding is Encoding.PCMU:
        return linear_to_ulaw(samples)
    if encoding is Encoding.PCMA:
        return linear_to_alaw(samples)
    return samples


def decode(coded: bytes, encoding: Encoding) -> bytes:
    """`encoding` as L16."""
    if encoding is Encoding.PCMU:
        return ulaw_to_linear(coded)
    if encoding is Encoding.PCMA:
        return alaw_to_linear(coded)
    return coded
