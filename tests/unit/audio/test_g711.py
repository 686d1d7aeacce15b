"""Against ITU-T G.711's own tables: decision and output values of tables 1a and 2a, and the signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.audio import g711
from voice_ai_service.audio.formats import Encoding

EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int32)
EVERY_CODE = bytes(range(256))


def l16(*values: int) -> bytes:
    return np.array(values, dtype="<i2").tobytes()


def test_the_output_values_of_mu_law_are_table_2a_in_16_bits() -> None:
    # Segment ends of table 2a (14 bits) times four.
    codes = bytes([0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xEF, 0xF0, 0xFE, 0xFF])
    expected = [8031, 4191, 3999, 2079, 1983, 975, 471, 219, 93, 33, 30, 2, 0]
    assert np.frombuffer(g711.ulaw_to_linear(codes), "<i2").tolist() == [4 * value for value in expected]


def test_the_output_values_of_a_law_are_table_1a_in_16_bits() -> None:
    # Characters before the inversion of the even bits, outputs of table 1a (13 bits, half steps) times eight.
    characters = [0xFF, 0xF0, 0xE0, 0xD0, 0xC0, 0xB0, 0xA0, 0x90, 0x80]
    codes = bytes(character ^ 0x55 for character in characters)
    expected = [4032, 2112, 1056, 528, 264, 132, 66, 33, 1]
    assert np.frombuffer(g711.alaw_to_linear(codes), "<i2").tolist() == [8 * value for value in expected]


def decision_values(first: int, steps: list[int]) -> list[int]:
    """Column "decision value" of tables 1a and 2a: sixteen intervals of one width in each segment."""
    values = [0, first]
    while len(values) < 128:
        values.append(values[-1] + steps[(len(values) - 1) // 16])
    return values


def test_mu_law_decides_at_the_values_of_table_2a() -> None:
    values = decision_values(1, [2, 4, 8, 16, 32, 64, 128, 256])
    assert values[15:17] == [29, 31]
    assert values[127] == 7903
    for number, value in enumerate(values[1:], start=1):
        assert g711.linear_to_ulaw(l16(4 * value - 1, 4 * value)) == bytes([0xFF - number + 1, 0xFF - number])


def test_a_law_decides_at_the_values_of_table_1a() -> None:
    values = decision_values(2, [2, 2, 4, 8, 16, 32, 64, 128])
    assert values[32] == 64
    assert values[127] == 3968
    for number, value in enumerate(values[1:], start=1):
        expected = bytes([(0x80 + number - 1) ^ 0x55, (0x80 + number) ^ 0x55])
        assert g711.linear_to_alaw(l16(8 * value - 1, 8 * value)) == expected


@pytest.mark.parametrize(
    ("encode", "decode"),
    [(g711.linear_to_ulaw, g711.ulaw_to_linear), (g711.linear_to_alaw, g711.alaw_to_linear)],
)
def test_decoding_and_encoding_again_changes_nothing_but_negative_zero(encode, decode) -> None:  # type: ignore[no-untyped-def]
    again = encode(decode(EVERY_CODE))
    changed = [code for code in range(256) if again[code] != code]
    assert changed == ([0x7F] if encode is g711.linear_to_ulaw else [])


@pytest.mark.parametrize("encode", [g711.linear_to_ulaw, g711.linear_to_alaw])
def test_the_signs_are_ones_complements_of_each_other(encode) -> None:  # type: ignore[no-untyped-def]
    positive = np.arange(0, 32768)
    one = np.frombuffer(encode(positive.astype("<i2").tobytes()), np.uint8)
    other = np.frombuffer(encode((~positive).astype("<i2").tobytes()), np.uint8)
    assert np.array_equal(one ^ 0x80, other)


def test_silence_is_silence() -> None:
    assert g711.linear_to_ulaw(l16(0)) == g711.ULAW_SILENCE
    assert g711.linear_to_alaw(l16(0)) == g711.ALAW_SILENCE
    assert g711.ulaw_to_linear(g711.linear_to_ulaw(l16(-1))) == l16(0)
    assert g711.ulaw_to_linear(g711.ULAW_SILENCE) == l16(0)


def test_the_standard_library_agrees_where_it_is_right() -> None:
    audioop = pytest.importorskip("audioop", reason="removed in Python 3.13", exc_type=ImportError)
    every = EVERY_SAMPLE.astype("<i2").tobytes()
    positive = EVERY_SAMPLE[EVERY_SAMPLE >= 0].astype("<i2").tobytes()
    assert g711.linear_to_alaw(every) == audioop.lin2alaw(every, 2)
    assert g711.alaw_to_linear(EVERY_CODE) == audioop.alaw2lin(EVERY_CODE, 2)
    assert g711.linear_to_ulaw(positive) == audioop.lin2ulaw(positive, 2)
    assert g711.ulaw_to_linear(EVERY_CODE) == audioop.ulaw2lin(EVERY_CODE, 2)


@given(st.binary(max_size=200).filter(lambda data: len(data) % 2 == 0), st.sampled_from(list(Encoding)))
def test_length_follows_the_encoding(samples: bytes, encoding: Encoding) -> None:
    coded = g711.encode(samples, encoding)
    assert len(coded) == len(samples) // 2 * encoding.bytes_per_sample
    assert len(g711.decode(coded, encoding)) == len(samples)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        g711.linear_to_ulaw(b"\0\0\0")
