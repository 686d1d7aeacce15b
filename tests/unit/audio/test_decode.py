from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.signals import noise, tone
from voice_ai_service.audio import g711
from voice_ai_service.audio.decode import Declared, decode_upload
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.errors import InvalidInput, TooLarge, UnsupportedMedia, VoiceAiError

SPEECH = noise(500, 8000, dbfs=-20)


def decode(
    content: bytes, declared: Declared = None, rate_hz: int | None = None, max_s: float = 60.0
) -> PcmAudio:
    return decode_upload(content, declared=declared, sample_rate_hz=rate_hz, max_duration_s=max_s)


@pytest.mark.parametrize("declared", [None, "WAV"])
@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_wav_file_needs_no_words_about_it(declared: Declared, encoding: Encoding) -> None:
    got = decode(write_wav(SPEECH, encoding), declared)
    assert got.sample_rate_hz == 8000
    assert got.duration_ms == SPEECH.duration_ms


@pytest.mark.parametrize("encoding", list(Encoding))
def test_raw_audio_comes_as_it_is_declared(encoding: Encoding) -> None:
    coded = g711.encode(SPEECH.samples, encoding)
    got = decode(coded, encoding, 16000)
    assert got.sample_rate_hz == 16000
    assert got.samples == g711.decode(coded, encoding)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"OggS\0\2" + bytes(60), "Ogg"),
        (b"ID3\4\0" + bytes(60), "MP3"),
        (b"\xff\xfb\x90\x64" + bytes(60), "MP3"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "WebM"),
        (bytes(4) + b"ftypM4A " + bytes(60), "M4A"),
        (b"fLaC" + bytes(60), "FLAC"),
        (b"PK\x03\x04" + bytes(60), "ZIP"),
        (b"MZ\x90\0" + bytes(60), "program"),
        (b"\x7fELF" + bytes(60), "program"),
        (b"%PDF-1.7" + bytes(60), "PDF"),
        (b"RIFF" + bytes(4) + b"AVI " + bytes(60), "no WAV"),
        (b"hello, this is no audio at all, is it?", "no WAV"),
    ],
)
def test_another_format_is_named(content: bytes, name: str) -> None:
    with pytest.raises(UnsupportedMedia, match=name) as caught:
        decode(content)
    assert caught.value.field == "audio"
    assert "WAV" in (caught.value.fix or "")


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_known_file_is_never_taken_for_raw_audio(encoding: Encoding) -> None:
    with pytest.raises(UnsupportedMedia, match="Ogg"):
        decode(b"OggS" + bytes(400), encoding, 8000)
    with pytest.raises(InvalidInput, match="WAV file but was declared"):
        decode(write_wav(SPEECH), encoding, 8000)


def test_raw_audio_may_begin_like_an_mp3_frame() -> None:
    assert decode(b"\xff\xfb" * 400, Encoding.PCMU, 8000).duration_ms == 100


@pytest.mark.parametrize(
    ("content", "declared", "rate_hz", "field"),
    [
        (b"", None, None, "audio"),
        (b"", Encoding.L16, 8000, "audio"),
        (bytes(401), Encoding.L16, 8000, "audio"),
        (bytes(4), Encoding.L16, 8000, "audio"),
        (bytes(400), Encoding.L16, None, "audio.sample_rate_hz"),
        (bytes(400), Encoding.L16, 8001, "audio.sample_rate_hz"),
        (bytes(400), Encoding.L16, 0, "audio.sample_rate_hz"),
        (bytes(400), Encoding.L16, -8000, "audio.sample_rate_hz"),
        (write_wav(PcmAudio(SPEECH.samples, 9999)), None, None, "audio"),
        (write_wav(SPEECH), None, 16000, "audio.sample_rate_hz"),
        (write_wav(PcmAudio(b"", 8000)), None, None, "audio"),
    ],
)
def test_a_wrong_statement_names_its_field_and_the_way_out(
    content: bytes, declared: Declared, rate_hz: int | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(content, declared, rate_hz)
    assert caught.value.field == field
    assert caught.value.fix


def test_ten_minutes_are_too_large_and_are_not_decoded() -> None:
    with pytest.raises(TooLarge) as caught:
        decode(bytes(8000 * 600), Encoding.PCMU, 8000)
    assert caught.value.field == "audio"
    ten_minutes = write_wav(PcmAudio(bytes(2 * 8000 * 600), 8000))
    with pytest.raises(TooLarge):
        decode(ten_minutes)


def test_a_small_file_that_claims_to_be_endless_is_as_long_as_it_is() -> None:
    content = bytearray(write_wav(tone(440, 100, 8000)))
    struct.pack_into("<I", content, 40, 0xFFFFFFFF)
    assert decode(bytes(content)).duration_ms == 100


@given(
    st.binary(max_size=300),
    st.sampled_from([None, "WAV", *Encoding]),
    st.one_of(st.none(), st.integers(-1, 50_000)),
)
def test_whatever_comes_it_is_audio_or_an_error_of_ours(
    content: bytes, declared: Declared, rate_hz: int | None
) -> None:
    try:
        audio = decode(content, declared, rate_hz, 1.0)
    except VoiceAiError as error:
        refused = error
    else:
        assert 20 <= audio.duration_ms <= 1000
        return
    assert refused.field in {"audio", "audio.sample_rate_hz"}
    assert refused.fix
