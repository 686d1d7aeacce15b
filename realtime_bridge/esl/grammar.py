"""What may stand in a command to FreeSWITCH. Everything that a command is made of goes through here.

A command is one line. Its arguments are split at spaces, `,` ends a channel variable, and `{}`, `[]`, `<>`, quotes,
backslashes and `${}` mean something to one parser or another. Each kind of argument has its own small alphabet with
none of these. What does not fit raises `InvalidInput`: nothing is escaped, and nothing is dropped in silence but
letters of a caller's name, which is only ever shown.
"""

from __future__ import annotations

import re
from uuid import UUID

from voice_ai_service.errors import InvalidInput

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_CONTEXT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}")
_PATH = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
_TONE_OR_STREAM = re.compile(r"(local_stream|tone_stream|silence_stream)://[A-Za-z0-9_=;%(),.*+/-]{1,400}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9_.:/@+*#=-]{0,512}")
_STREAM_URL = re.compile(
    r"wss?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/[A-Za-z0-9/._~-]*(\?[A-Za-z0-9._~=&-]*)?"
)
_STREAM_TEXT = re.compile(r"[ -&(-\[\]-~]{1,8192}")
_DOTTED_IPV4 = re.compile(r"(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}", re.ASCII)
MAX_STREAM_URL = 4096
"""mod_audio_stream.h, MAX_WS_URI."""


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if pattern.fullmatch(text) is None:
        raise InvalidInput(f"This cannot stand in a command to the PBX as {what}", field=what)
    return text


def channel(uuid: UUID) -> str:
    return str(uuid)


def number(text: str) -> str:
    """What a keypad can dial, with a leading + for international numbers."""
    return _matching(_NUMBER, text, "number")


def domain(text: str) -> str:
    return _matching(_DOMAIN, text, "domain")


def context(text: str) -> str:
    """A dial plan's context."""
    return _matching(_CONTEXT, text, "context")


def path(text: str) -> str:
    """An absolute path on the PBX, without `..` and without spaces."""
    return _matching(_PATH, text, "path")


def sound(text: str) -> str:
    """A path, or FreeSWITCH's own `local_stream://`, `tone_stream://`, `silence_stream://`."""
    if _TONE_OR_STREAM.fullmatch(text):
        return text
    return path(text)


def variable_name(text: str) -> str:
    return _matching(_VARIABLE_NAME, text, "variable")


def variable_value(text: str) -> str:
    return _matching(_VARIABLE_VALUE, text, "value")


def stream_url(text: str) -> str:
    """What mod_audio_stream accepts, and no character that the command line's parser reads."""
    if len(text) > MAX_STREAM_URL:
        raise InvalidInput("The stream's address is too long", field="url")
    return _matching(_STREAM_URL, text, "url")


def stream_text(text: str) -> str:
    """For `send_text`, which is cut at the first space unless it stands in single quotes."""
    return "'" + _matching(_STREAM_TEXT, text, "text") + "'"


def ipv4(text: str) -> str:
    return _matching(_DOTTED_IPV4, text, "address")


def port(value: int) -> str:
    if not 1 <= value <= 65535:
        raise InvalidInput("This is no port", field="port")
    return str(value)


def shown_name(text: str) -> str:
    """A name for a telephone's display: letters, digits, `.`, `-` and single spaces, at most 40; may become empty."""
    kept = "".join(letter if letter.isalnum() or letter in ".-" else " " for letter in text)
    return " ".join(kept.split())[:40].rstrip()


def shown_number(text: str) -> str:
    """A number for a telephone's display; empty when it is none (`anonymous`)."""
    return text if _NUMBER.fullmatch(text) else ""
