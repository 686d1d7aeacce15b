"""Both sides of a call in one file."""

from __future__ import annotations

import io
import wave

import numpy as np


def stereo_wav(left: bytes, right: bytes, sample_rate_hz: int) -> bytes:
    """L16 sides of any length; the shorter one is filled with silence."""
    length = max(len(left), len(right)) // 2
    both = np.zeros((length, 2), dtype="<i2")
    for channel, side in enumerate((left, right)):
        samples = np.frombuffer(side, dtype="<i2")
        both[: len(samples), channel] = samples
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(both.tobytes())
    return content.getvalue()
