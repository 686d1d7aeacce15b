"""Making an utterance fit for the recogniser: 16 kHz, level, quiet on both sides, never digitally silent."""

from __future__ import annotations

from typing import Final

import numpy as np

from voice_ai_service.audio.formats import WIDE_RATE_HZ, PcmAudio
from voice_ai_service.audio.resample import resample

PAD_MS: Final = 350
_DITHER_AMPLITUDE: Final = 32768 * 10 ** (-62 / 20)
"""-62 dBFS: digital silence destroys the decoder's estimate of the background."""
_DITHER_SEED: Final = 20


def prepare(audio: PcmAudio, *, max_ms: int) -> bytes:
    """L16 at 16 kHz for the decoder; what is longer than `max_ms` is cut at the end. The same in, the same
    out.
    """
    capped = PcmAudio(audio.samples[: 2 * (audio.sample_rate_hz * max_ms // 1000)], audio.sample_rate_hz)
    speech = np.frombuffer(resample(capped, WIDE_RATE_HZ).samples, dtype="<i2").astype(np.float64)
    pad = np.zeros(WIDE_RATE_HZ * PAD_MS // 1000)
    padded = np.concatenate([pad, speech, pad])
    padded += np.random.default_rng(_DITHER_SEED).normal(0.0, _DITHER_AMPLITUDE, len(padded))
    return bytes(np.clip(np.rint(padded), -32768, 32767).astype("<i2"))
