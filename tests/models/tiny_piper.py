"""A Piper voice of one kilobyte, for the real engine to run on: every phoneme is a tone of its own pitch.

A test can read back from the sound which phonemes were spoken, by which speaker and how fast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import parser
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

RATE_HZ: Final = 22050
PHONEME_MS: Final = 20
LOWEST_HZ: Final = 200.0
STEP_HZ: Final = 12.0
SPEAKER_STEP: Final = 5
"""A speaker's number shifts all phonemes by so many steps."""

_GRAPH: Final = """
<ir_version: 8, opset_import: ["" : 17]>
voice (int64[1,T] input, int64[1] input_lengths, float[3] scales{SPEAKER_INPUT}) => (float[1,1,1,N] output)
<float per_phoneme = {{{SAMPLES}}}, float lowest = {{{LOWEST}}}, float step = {{{STEP}}}, float radians = {{{RADIANS}}},
 float loudness = {{0.3}}, int64 zero = {{0}}, int64 one = {{1}}, int64[2] column = {{-1, 1}}, int64[2] line =
 {{1, -1}}, int64[4] sound = {{1, 1, 1, -1}}, int64 shift = {{{SHIFT}}}>
{{
  {SHIFTED}
  numbers = Cast<to = 1>(shifted)
  each = Reshape(numbers, column)
  above = Mul(each, step)
  hz = Add(above, lowest)
  slowness = Gather(scales, one)
  long = Mul(per_phoneme, slowness)
  whole = Floor(long)
  count = Cast<to = 7>(whole)
  times = Range(zero, count, one)
  clock = Cast<to = 1>(times)
  row = Reshape(clock, line)
  turning = Mul(hz, radians)
  angle = Mul(turning, row)
  wave = Sin(angle)
  quiet = Mul(wave, loudness)
  output = Reshape(quiet, sound)
}}
"""


def write_tone_voice(
    folder: Path,
    name: str = "tones",
    *,
    espeak_voice: str = "pt-br",
    code: str = "pt_BR",
    speakers: Sequence[str] = (),
) -> Path:
    """NAME.onnx and NAME.onnx.json; several speakers where they are named."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    text = _GRAPH.format(
        SPEAKER_INPUT=", int64[1] sid" if speakers else "",
        SHIFTED="by = Mul(sid, shift)\n  shifted = Add(input, by)"
        if speakers
        else "shifted = Identity(input)",
        SAMPLES=float(RATE_HZ * PHONEME_MS // 1000),
        LOWEST=LOWEST_HZ,
        STEP=STEP_HZ,
        RADIANS=2 * np.pi / RATE_HZ,
        SHIFT=SPEAKER_STEP,
    )
    model = parser.parse_model(text)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    Path(f"{path}.json").write_text(
        json.dumps(_settings(espeak_voice, code, speakers), ensure_ascii=False), "utf-8"
    )
    return path


def _settings(espeak_voice: str, code: str, speakers: Sequence[str]) -> Mapping[str, Any]:
    return {
        "audio": {"sample_rate": RATE_HZ, "quality": "test"},
        "espeak": {"voice": espeak_voice},
        "phoneme_type": "espeak",
        "num_symbols": 256,
        "num_speakers": max(1, len(speakers)),
        "speaker_id_map": {speaker: number for number, speaker in enumerate(speakers)},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "hop_length": 256,
        "language": {"code": code},
    }


def phonemes_in(samples: bytes, rate_hz: int, *, speed: float = 1.0) -> list[int]:
    """Reads the phonemes' numbers back from the sound, as a listener would: one pitch after the other."""
    wave = np.frombuffer(samples, dtype="<i2").astype(float)
    size = rate_hz * PHONEME_MS / 1000 / speed
    return [
        _number(wave[round(at * size) : round((at + 1) * size)], rate_hz)
        for at in range(round(len(wave) / size))
    ]


def _number(slot: npt.NDArray[Any], rate_hz: int) -> int:
    """The middle of the slot, where no neighbour sounds."""
    middle = slot[len(slot) // 8 : -len(slot) // 8]
    padded = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 16))
    return round((int(np.argmax(padded)) * rate_hz / (1 << 16) - LOWEST_HZ) / STEP_HZ)
