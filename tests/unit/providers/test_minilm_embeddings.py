"""The sentence model without torch: the file format always, the model itself where its package is installed."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.providers.embeddings import minilm
from voice_ai_service.providers.embeddings.minilm import MiniLmEmbeddings, read_safetensors


def write(path: Path, header: object, numbers: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
    return path


def test_tensors_are_read_with_their_shapes(tmp_path: Path) -> None:
    numbers = np.arange(6, dtype="<f4").tobytes()
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]},
        "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
    }
    tensors = read_safetensors(write(tmp_path / "m", header, numbers))
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        "a": [[0.0, 1.0], [2.0, 3.0]],
        "b": [4.0, 5.0],
    }


@pytest.mark.parametrize(
    "content", [b"", b"abc", struct.pack("<Q", 2) + b"{]", struct.pack("<Q", 99) + b"{}"]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ProviderUnavailable, match="cannot be read"):
        read_safetensors(tmp_path / "m")


def test_other_weights_than_those_that_were_checked_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m", {}, b"")
    with pytest.raises(ProviderUnavailable, match="not those that were checked"):
        read_safetensors(path, "0" * 64)


@pytest.fixture(scope="module")
def model() -> MiniLmEmbeddings:
    missing = minilm.available()
    if missing is not None:
        pytest.skip(missing)
    return MiniLmEmbeddings.load()


async def test_sentences_that_mean_the_same_are_near(model: MiniLmEmbeddings) -> None:
    texts = ["How do I reset my password?", "I forgot my login code", "The soup was cold"]
    one, other, apart = np.array(await model.embed(texts))
    assert one @ other > 0.5
    assert one @ apart < 0.2


async def test_vectors_have_unit_length_whatever_the_text(model: MiniLmEmbeddings) -> None:
    vectors = np.array(await model.embed(["", "?", "word " * 600, "olá"]))
    assert vectors.shape == (4, model.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-4)


async def test_company_in_a_batch_changes_nothing(model: MiniLmEmbeddings) -> None:
    alone = np.array(await model.embed(["opening hours on Sunday"]))[0]
    among = np.array(await model.embed(["a much longer text " * 30, "opening hours on Sunday", "x"]))[1]
    assert alone @ among == pytest.approx(1.0, abs=1e-4)
