"""pocketsphinx's wide-band acoustic model, brought to the telephone's band.

The model's Gaussians describe 13 liftered cepstra of 25 mel bands up to 6800 Hz; a telephone carries 17 of them, and
feeding it telephone speech costs a third of the phrases. Cepstra are a linear transform of log-mel bands, so the
Gaussians' means and variances can be carried over to cepstra of the 17 bands alone, exactly but for what their
diagonal form leaves out. What the 13 cepstra had smoothed away is added back as variance.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from voice_ai_service.providers.embedded_speech.features import LINE_BANDS, MODEL_BANDS, Floats

CEPSTRA: Final = 13

_MAGIC: Final = 0x11223344
_HEADER_END: Final = b"endhdr\n"
_UNSEEN_VARIANCE: Final = 0.5
"""Of log-mel energy: found by trying 0.05 to 1.0 on telephone speech, flat between 0.3 and 0.6."""


class ModelFileError(Exception):
    """Not a parameter file of the kind that we know."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A file of means or variances: one array (codebook, density, dimension) a feature stream."""

    streams: tuple[npt.NDArray[np.float32], ...]


def read_parameters(content: bytes) -> Parameters:
    """Sphinx-3 parameter files: text header, byte-order mark, counts, 32-bit floats. Raises ModelFileError."""
    try:
        at = content.index(_HEADER_END) + len(_HEADER_END)
        magic, codebooks, stream_count, densities = struct.unpack_from("<4I", content, at)
        if magic != _MAGIC or not 0 < stream_count < 10:
            raise ModelFileError("the byte order or the number of streams is not ours")
        lengths = struct.unpack_from(f"<{stream_count}I", content, at + 16)
        values = np.frombuffer(content, dtype="<f4", count=-1, offset=at + 20 + 4 * stream_count)
        values = values[: codebooks * densities * sum(lengths)].reshape(codebooks, -1)
        ends = np.cumsum([densities * length for length in lengths])
        blocks = np.split(values, ends[:-1], axis=1)
        return Parameters(
            tuple(
                block.reshape(codebooks, densities, length)
                for block, length in zip(blocks, lengths, strict=True)
            )
        )
    except (ValueError, struct.error) as error:
        raise ModelFileError("the file is cut short or of another kind") from error


def write_parameters(parameters: Parameters) -> bytes:
    streams = parameters.streams
    codebooks, densities, _ = streams[0].shape
    lengths = [stream.shape[2] for stream in streams]
    total = codebooks * densities * sum(lengths)
    counts = struct.pack(f"<4I{len(lengths)}II", _MAGIC, codebooks, len(streams), densities, *lengths, total)
    values = np.concatenate([stream.reshape(codebooks, -1) for stream in streams], axis=1)
    return b"s3\nversion 1.0\n" + _HEADER_END + counts + bytes(values.astype("<f4"))


def _cosines(bands: int) -> Floats:
    """Orthonormal DCT-II: CEPSTRA rows over so many bands."""
    order = np.arange(CEPSTRA)[:, None]
    basis: Floats = np.sqrt(2.0 / bands) * np.cos(np.pi / bands * order * (np.arange(bands) + 0.5))
    basis[0] /= np.sqrt(2.0)
    return basis


_LIFTER: Final[Floats] = 1.0 + 11.0 * np.sin(np.arange(CEPSTRA) * np.pi / 22.0)
"""`-lifter 22` of the model's feat.params; our own cepstra need none."""
_TO_LINE: Final[Floats] = _cosines(int(LINE_BANDS.sum()))
_MODEL_TO_LINE: Final[Floats] = _TO_LINE @ _cosines(MODEL_BANDS)[:, LINE_BANDS].T
"""From the model's cepstra over its bands, the telephone's part of them, to cepstra of that part."""


def cepstra(log_mel: Floats) -> bytes:
    """What the narrowed model is compared with, as the decoder takes it: rows of 32-bit floats."""
    return bytes((log_mel @ _TO_LINE.T).astype("<f4"))


def narrow_means(wide: Parameters) -> Parameters:
    return Parameters(tuple(((stream / _LIFTER) @ _MODEL_TO_LINE.T).astype("<f4") for stream in wide.streams))


def narrow_variances(wide: Parameters) -> Parameters:
    return Parameters(
        tuple(
            ((stream / _LIFTER**2) @ (_MODEL_TO_LINE**2).T + _UNSEEN_VARIANCE).astype("<f4")
            for stream in wide.streams
        )
    )


def write_narrow_model(model: Path, folder: Path) -> tuple[Path, Path]:
    """Reads `means` and `variances` in `model`, writes the narrowed ones into `folder`. Raises ModelFileError."""
    means, variances = folder / "means", folder / "variances"
    means.write_bytes(write_parameters(narrow_means(read_parameters((model / "means").read_bytes()))))
    wide = read_parameters((model / "variances").read_bytes())
    variances.write_bytes(write_parameters(narrow_variances(wide)))
    return means, variances
