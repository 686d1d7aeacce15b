from __future__ import annotations

import contextlib
import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes.signals import from_l16, noise, tone
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import WavError, parse_wav, read_wav, write_wav

GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def wav(
    data: bytes,
    *,
    code: int = 1,
    channels: int = 1,
    rate_hz: int = 8000,
    bits: int = 16,
    riff_size: int | None = None,
    data_size: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
    extra: bytes = b"",
) -> bytes:
    width = channels * bits // 8
    fmt = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * width, width, bits) + extra
    chunks = b"WAVE" + b"fmt " + struct.pack("<I", len(fmt)) + fmt + before
    chunks += b"data" + struct.pack("<I", len(data) if data_size is None else data_size) + data + after
    return b"RIFF" + struct.pack("<I", len(chunks) if riff_size is None else riff_size) + chunks


SAMPLES = tone(440, 50, 8000).samples


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0), st.sampled_from([8000, 16000, 44100]))
def test_what_is_written_is_read_again(samples: bytes, rate_hz: int) -> None:
    audio = PcmAudio(samples, rate_hz)
    assert read_wav(write_wav(audio)) == audio


def test_the_standard_library_reads_what_we_write() -> None:
    with wave.open(io.BytesIO(write_wav(PcmAudio(SAMPLES, 16000)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        assert file.readframes(10_000) == SAMPLES


@pytest.mark.parametrize(("encoding", "code"), [(Encoding.PCMU, 7), (Encoding.PCMA, 6)])
def test_companded_files_carry_their_code_and_number_of_samples(encoding: Encoding, code: int) -> None:
    content = write_wav(PcmAudio(SAMPLES[:-2], 8000), encoding)
    assert parse_wav(content).code == code
    assert b"fact\x04\0\0\0" + struct.pack("<I", len(SAMPLES) // 2 - 1) in content
    assert struct.unpack_from("<I", content, 4)[0] + 8 == len(content)
    got = from_l16(read_wav(content).samples)
    assert np.max(np.abs(got - from_l16(SAMPLES[:-2]))) < 400


def test_eight_bits_are_unsigned() -> None:
    assert read_wav(wav(bytes([0, 128, 255]), bits=8)).samples == struct.pack("<3h", -32768, 0, 32512)


def test_floats_are_scaled_and_bounded() -> None:
    data = struct.pack("<6f", 0.0, 0.5, -1.0, 7.0, float("nan"), float("-inf"))
    assert read_wav(wav(data, code=3, bits=32)).samples == struct.pack(
        "<6h", 0, 16384, -32767, 32767, 0, -32767
    )


def test_an_extensible_header_is_read_for_its_inner_format() -> None:
    extra = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + GUID_TAIL
    assert read_wav(wav(SAMPLES, code=0xFFFE, extra=extra)).samples == SAMPLES
    with pytest.raises(WavError, match="extensible"):
        read_wav(wav(SAMPLES, code=0xFFFE, extra=extra[:-1] + b"\0"))


def test_two_channels_are_mixed_or_one_is_taken() -> None:
    content = wav(struct.pack("<4h", 1000, 3000, 32767, 32767), channels=2)
    assert read_wav(content).samples == struct.pack("<2h", 2000, 32767)
    assert read_wav(content, "first").samples == struct.pack("<2h", 1000, 32767)
    assert read_wav(content, "second").samples == struct.pack("<2h", 3000, 32767)


@pytest.mark.parametrize(
    "sizes",
    [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0, 0xFFFFFFFF), (36, 0)],
    ids=["zeros", "ones", "mixed", "as of the empty file"],
)
def test_a_writer_that_did_not_know_the_length_is_read_to_the_end(sizes: tuple[int, int]) -> None:
    assert read_wav(wav(SAMPLES, riff_size=sizes[0], data_size=sizes[1])).samples == SAMPLES


def test_a_file_without_samples_has_none_even_if_something_follows() -> None:
    assert read_wav(wav(b"", after=b"LIST\x04\0\0\0abcd")).samples == b""


def test_a_cut_file_gives_the_whole_samples_that_are_there() -> None:
    whole = wav(SAMPLES)
    assert read_wav(whole[:-101]).samples == SAMPLES[:-102]


def test_other_chunks_are_stepped_over_with_their_padding() -> None:
    before = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"
    assert read_wav(wav(SAMPLES, before=before, after=b"cue \x02\0\0\0ab")).samples == SAMPLES


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "begin"),
        (b"RIFF\x10\0\0\0AVI ", "begin"),
        (b"RIFF\x04\0\0\0WAVE", "no format"),
        (wav(SAMPLES, code=2, bits=4), "ADPCM of 4 bits"),
        (wav(SAMPLES, code=0x55, bits=16), "MP3"),
        (wav(SAMPLES, bits=24), "PCM of 24 bits"),
        (wav(SAMPLES, channels=6), "6 channels"),
        (wav(SAMPLES, channels=0), "0 channels"),
        (wav(SAMPLES, rate_hz=0), "rate is 0"),
        (wav(SAMPLES)[:30], "cut short"),
        (wav(SAMPLES)[:36], "no samples"),
        (b"RIFF\x10\0\0\0WAVEdata\x04\0\0\0abcd", "before its format"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, says: str) -> None:
    with pytest.raises(WavError, match=says):
        read_wav(content)


@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(write_wav(noise(20, 8000, dbfs=-20), data.draw(st.sampled_from(list(Encoding)))))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(content) - 1, 60)))
        content[at] = data.draw(st.integers(0, 255))
    damaged = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        audio = read_wav(damaged)
    except WavError:
        return
    assert len(audio.samples) % 2 == 0
    assert len(audio.samples) <= 2 * len(damaged)


@given(st.binary(max_size=120))
@example(b"RIFF\0\0\0\0WAVE" + b"\xff" * 40)
def test_any_bytes_after_the_name_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(WavError):
        assert len(read_wav(b"RIFF" + body[:4] + b"WAVE" + body[4:]).samples) <= 2 * len(body)
