from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.providers.embedded_speech.features import LINE_BANDS, MODEL_BANDS
from voice_ai_service.providers.embedded_speech.narrow_model import (
    CEPSTRA,
    ModelFileError,
    Parameters,
    cepstra,
    narrow_means,
    narrow_variances,
    read_parameters,
    write_narrow_model,
    write_parameters,
)

RANDOM = np.random.default_rng(5)


def parameters(codebooks: int = 3, densities: int = 4, lengths: tuple[int, ...] = (13, 13, 13)) -> Parameters:
    return Parameters(
        tuple(RANDOM.normal(0, 5, (codebooks, densities, length)).astype("<f4") for length in lengths)
    )


def wide_cepstra(log_mel: np.ndarray) -> np.ndarray:
    """As the model's training made them: orthonormal DCT of 25 bands, 13 kept, liftered with 22."""
    order = np.arange(CEPSTRA)[:, None]
    basis = np.sqrt(2 / MODEL_BANDS) * np.cos(np.pi / MODEL_BANDS * order * (np.arange(MODEL_BANDS) + 0.5))
    basis[0] /= np.sqrt(2)
    liftered: np.ndarray = (log_mel @ basis.T) * (1 + 11 * np.sin(np.arange(CEPSTRA) * np.pi / 22))
    return liftered


def smooth_spectra(count: int) -> np.ndarray:
    """Log-mel rows without detail finer than 13 cepstra can say."""
    ripple = np.cos(np.pi / MODEL_BANDS * np.arange(CEPSTRA)[:, None] * (np.arange(MODEL_BANDS) + 0.5))
    spectra: np.ndarray = RANDOM.normal(0, 1, (count, CEPSTRA)) @ ripple
    return spectra


def test_what_a_mean_says_about_the_lines_bands_stays_the_same() -> None:
    spectra = smooth_spectra(12)
    wide = Parameters((wide_cepstra(spectra).reshape(3, 4, CEPSTRA).astype("<f4"),))
    (narrow,) = narrow_means(wide).streams
    wanted = np.frombuffer(cepstra(spectra[:, LINE_BANDS]), "<f4").reshape(3, 4, CEPSTRA)
    assert np.allclose(narrow, wanted, atol=1e-3)


def test_variances_are_those_of_the_carried_over_gaussians() -> None:
    spread = np.abs(RANDOM.normal(1, 0.3, CEPSTRA)).astype("<f4")
    (narrow,) = narrow_variances(Parameters((spread.reshape(1, 1, CEPSTRA),))).streams
    draws = RANDOM.normal(0, np.sqrt(spread), (200_000, CEPSTRA)).reshape(1, -1, CEPSTRA)
    (carried,) = narrow_means(Parameters((draws.astype("<f4"),))).streams
    unseen = narrow[0, 0] - carried[0].var(axis=0)
    assert np.allclose(unseen, 0.5, atol=0.02 * np.max(carried[0].var(axis=0)) + 0.02)


@given(st.integers(1, 4), st.integers(1, 5), st.lists(st.integers(1, 14), min_size=1, max_size=4))
def test_parameter_files_are_read_as_they_were_written(
    codebooks: int, densities: int, lengths: list[int]
) -> None:
    written = parameters(codebooks, densities, tuple(lengths))
    read = read_parameters(write_parameters(written))
    assert len(read.streams) == len(lengths)
    for one, other in zip(read.streams, written.streams, strict=True):
        assert np.array_equal(one, other)


GOOD = write_parameters(parameters())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"s3\nversion 1.0\n",
        GOOD[:40],
        GOOD[:-8],
        GOOD.replace(struct.pack("<I", 0x11223344), b"\x11\x22\x33\x44"),
    ],
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(ModelFileError):
        read_parameters(content)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused(at: int, value: int) -> None:
    damaged = bytearray(GOOD)
    damaged[at] = value
    try:
        read = read_parameters(bytes(damaged))
    except ModelFileError:
        return
    assert sum(stream.size for stream in read.streams) <= len(GOOD) // 4


def test_the_packaged_model_is_of_the_kind_we_know(tmp_path: Path) -> None:
    packaged = pytest.importorskip("importlib.util").find_spec("pocketsphinx")
    if packaged is None or packaged.origin is None:
        pytest.skip("pocketsphinx is not installed")
    means, variances = write_narrow_model(
        Path(packaged.origin).parent / "model" / "en-us" / "en-us", tmp_path
    )
    read = read_parameters(means.read_bytes())
    assert [stream.shape for stream in read.streams] == [(42, 128, 13)] * 3
    assert all(np.all(stream > 0) for stream in read_parameters(variances.read_bytes()).streams)
