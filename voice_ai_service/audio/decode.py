"""What somebody sent as audio, checked and brought to mono L16; errors name the field and what would be
right.
"""

from __future__ import annotations

from typing import Final, Literal

from voice_ai_service.audio import g711
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import Channel, WavError, decode_wav, parse_wav
from voice_ai_service.errors import InvalidInput, TooLarge, UnsupportedMedia

Declared = Encoding | Literal["WAV"] | None

SAMPLE_RATES_HZ: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
MIN_DURATION_MS: Final = 20
"""Less is not a telephone frame and nothing that could be understood."""

_FIX: Final = (
    "Send a WAV file (PCM 8 or 16 bit, A-law, mu-law, float), or raw L16, PCMU or PCMA with its rate."
)
_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"ID3", "an MP3 file"),
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (4, b"ftyp", "an MP4 or M4A file"),
    (0, b"FORM", "an AIFF file"),
    (0, b".snd", "an AU file"),
    (0, b"RIFX", "a big-endian WAV file"),
    (0, b"RF64", "a WAV file over 4 GB"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP archive or Office document"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x89PNG", "a picture"),
    (0, b"\xff\xd8\xff\xe0", "a picture"),
    (0, b"GIF8", "a picture"),
    (0, b"\x1f\x8b\x08", "a gzip archive"),
    (0, b"<?xml", "text"),
    (0, b"<!DOCTYPE", "text"),
    (0, b"<html", "text"),
)
_WEAK_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"MZ", "a program"),
    (0, b"\xff\xfb", "an MP3 file"),
    (0, b"\xff\xf3", "an MP3 file"),
    (0, b"\xff\xf2", "an MP3 file"),
    (0, b"\xff\xf1", "an AAC file"),
    (0, b"\xff\xf9", "an AAC file"),
)
"""Two bytes that raw audio may begin with too: only believed where a header was due."""


def decode_upload(
    content: bytes,
    *,
    declared: Declared,
    sample_rate_hz: int | None,
    max_duration_s: float,
    channel: Channel = "mix",
    field: str = "audio",
) -> PcmAudio:
    """Mono L16 at the rate it came in.

    Args:
        declared: What the sender says it is; None: a file that says so itself.
        sample_rate_hz: Of raw audio; a WAV file's own rate counts, and one that contradicts it is refused.
        channel: What to take of a two-channel file.
        field: The input's name for the errors.

    Raises:
        InvalidInput: Empty, too short, cut in the middle of a sample, no or a wrong rate.
        UnsupportedMedia: Another format than declared, or one that we do not read.
        TooLarge: Longer than `max_duration_s`.
    """
    if not content:
        raise InvalidInput("The audio is empty.", field=field, fix=_FIX)
    if declared is None or declared == "WAV":
        audio = _decode_file(content, sample_rate_hz, max_duration_s, channel, field)
    else:
        audio = _decode_raw(content, declared, sample_rate_hz, max_duration_s, field)
    if audio.duration_ms < MIN_DURATION_MS:
        raise InvalidInput(
            f"The audio lasts {audio.duration_ms} ms.",
            field=field,
            fix=f"Send at least {MIN_DURATION_MS} ms.",
        )
    return audio


def _decode_file(
    content: bytes, sample_rate_hz: int | None, max_duration_s: float, channel: Channel, field: str
) -> PcmAudio:
    if (found := _recognise(content, _MAGIC + _WEAK_MAGIC)) is not None:
        raise UnsupportedMedia(f"The audio is {found}.", field=field, fix=_FIX)
    try:
        file = parse_wav(content)
    except WavError as error:
        raise UnsupportedMedia(
            f"The audio is no WAV file we can read. {error}", field=field, fix=_FIX
        ) from error
    _check_rate(file.sample_rate_hz, field)
    if sample_rate_hz is not None and sample_rate_hz != file.sample_rate_hz:
        raise InvalidInput(
            f"The WAV file has {file.sample_rate_hz} Hz, the request says {sample_rate_hz} Hz.",
            field=f"{field}.sample_rate_hz",
            fix="Leave the rate out for WAV files.",
        )
    _check_duration(file.duration_s, max_duration_s, field)
    return decode_wav(file, channel)


def _decode_raw(
    content: bytes, encoding: Encoding, sample_rate_hz: int | None, max_duration_s: float, field: str
) -> PcmAudio:
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        raise InvalidInput(
            f"The audio is a WAV file but was declared as {encoding}.", field=field, fix="Declare it as WAV."
        )
    if (found := _recognise(content, _MAGIC)) is not None:
        raise UnsupportedMedia(f"The audio is {found}, not {encoding}.", field=field, fix=_FIX)
    if sample_rate_hz is None:
        raise InvalidInput(
            f"Raw {encoding} needs its sample rate.",
            field=f"{field}.sample_rate_hz",
            fix="Add it, 8000 for a telephone call.",
        )
    _check_rate(sample_rate_hz, f"{field}.sample_rate_hz")
    if len(content) % encoding.bytes_per_sample:
        raise InvalidInput(
            f"The audio has {len(content)} bytes, an odd number, but {encoding} samples have two.",
            field=field,
            fix="Send whole samples, or declare PCMU or PCMA.",
        )
    _check_duration(len(content) / encoding.bytes_per_sample / sample_rate_hz, max_duration_s, field)
    return PcmAudio(g711.decode(content, encoding), sample_rate_hz)


def _recognise(content: bytes, magic: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for at, mark, name in magic if content.startswith(mark, at)), None)


def _check_rate(sample_rate_hz: int, field: str) -> None:
    if sample_rate_hz not in SAMPLE_RATES_HZ:
        raise InvalidInput(
            f"The sample rate {sample_rate_hz} Hz is not a customary one.",
            field=field,
            fix=f"Use one of {', '.join(map(str, SAMPLE_RATES_HZ))}.",
        )


def _check_duration(duration_s: float, max_duration_s: float, field: str) -> None:
    if duration_s > max_duration_s:
        raise TooLarge(
            f"The audio lasts {duration_s:.0f} s; at most {max_duration_s:.0f} s are taken.",
            field=field,
            fix="Send one utterance at a time.",
        )
