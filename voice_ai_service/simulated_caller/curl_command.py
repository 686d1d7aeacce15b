"""mod_curl's `curl` command, read from FreeSWITCH 1.11.1's source: how it takes its one argument apart.

`switch_separate_string` (switch_utils.c) splits at spaces outside single quotes and knows backslash escapes; the
body is percent-decoded (`switch_url_decode`) after that. What is lost here is lost on a real PBX.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MAX_ARGUMENTS: Final = 30
MAX_HEADERS: Final = 10
MAX_ANSWER_BYTES: Final = 64_000
"""`max-bytes` of curl.conf, as it is when nobody set it."""

_ESCAPES: Final = {ord("n"): 0x0A, ord("r"): 0x0D, ord("t"): 0x09, ord("s"): 0x20}
_BACKSLASH, _QUOTE, _DOUBLE_QUOTE, _SPACE = 0x5C, 0x27, 0x22, 0x20
_METHODS_WITH_BODY: Final = frozenset({"post", "patch", "put", "delete"})


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """
    Attributes:
        timeout_s, connect_timeout_s: Whole seconds; None when not given.
        headers: `Name:value` as appended; `Name:` takes libcurl's own header away.
    """

    url: str
    method: str = "get"
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[str, ...] = ()
    as_json: bool = False
    timeout_s: int | None = None
    connect_timeout_s: int | None = None


def separate(argument: bytes, limit: int = MAX_ARGUMENTS + 1) -> list[bytes]:
    """switch_separate_string(..., ' ', ...): at spaces, quotes and escapes taken out."""
    return [_clean(word) for word in _split(argument, limit)]


def _split(argument: bytes, limit: int) -> list[bytes]:
    words: list[bytes] = []
    at, end = 0, len(argument)
    while at < end and len(words) < limit:
        start, quoted = at, False
        while at < end and argument[at] == _SPACE:
            at += 1
        while at < end and (quoted or argument[at] != _SPACE):
            if argument[at] == _BACKSLASH:
                at += 1
            elif argument[at] == _QUOTE:
                quoted = not quoted
            at += 1
        words.append(argument[start : min(at, end)])
        while at < end and argument[at] == _SPACE:
            at += 1
    return words


def _clean(word: bytes) -> bytes:
    """cleanup_separated_string with delimiter 0: trailing spaces outside quotes go as well."""
    word = word.lstrip(b" ")
    out, keep, quoted, at = bytearray(), 0, False, 0
    while at < len(word):
        byte = word[at]
        following = word[at + 1] if at + 1 < len(word) else None
        if byte == _BACKSLASH and following is not None and _is_escape(following):
            out.append(_ESCAPES.get(following, following))
            keep, at = len(out), at + 2
            continue
        if byte == _QUOTE and (quoted or _QUOTE in word[at + 1 :]):
            quoted = not quoted
            keep = len(out) if quoted else keep
        else:
            out.append(byte)
            keep = len(out) if byte != _SPACE or quoted else keep
        at += 1
    return bytes(out[:keep]) if keep else bytes(out)


def _is_escape(byte: int) -> bool:
    return byte in _ESCAPES or byte in (_QUOTE, _DOUBLE_QUOTE, _BACKSLASH)


def url_decode(text: bytes) -> bytes:
    """switch_url_decode: `%` and two hexadecimal digits; the end of a C string at a zero byte."""
    out, at = bytearray(), 0
    while at < len(text):
        pair = text[at + 1 : at + 3]
        if (
            text[at] == ord("%")
            and len(pair) == 2
            and all(digit in b"0123456789abcdefABCDEF" for digit in pair)
        ):
            out.append(int(pair, 16))
            at += 3
        else:
            out.append(text[at])
            at += 1
    return bytes(out).split(b"\0", 1)[0]


@dataclass(slots=True)
class _Reading:
    words: list[bytes]
    at: int = 1
    found: dict[str, str] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    body: bytes = b""
    as_json: bool = False

    def following(self) -> bytes | None:
        self.at += 1
        return self.words[self.at] if self.at < len(self.words) else None


def parse(argument: bytes) -> CurlCommand | None:
    """None when mod_curl would answer with its usage, or nothing."""
    words = separate(argument)
    if not words or len(words) > MAX_ARGUMENTS:
        return None
    reading = _Reading(words)
    while reading.at < len(words):
        _read_word(reading, words[reading.at].decode("utf-8", "replace").lower())
        reading.at += 1
    found = reading.found
    return CurlCommand(
        url=words[0].decode("utf-8", "replace"),
        method=found.get("method", "get"),
        body=reading.body,
        content_type=found.get("content-type"),
        headers=tuple(reading.headers[:MAX_HEADERS]),
        as_json=reading.as_json,
        timeout_s=_seconds(found.get("timeout")),
        connect_timeout_s=_seconds(found.get("connect-timeout")),
    )


def _read_word(reading: _Reading, word: str) -> None:
    if word in ("get", "head"):
        reading.found["method"] = word
    elif word in _METHODS_WITH_BODY:
        reading.found["method"] = word
        reading.body = url_decode(reading.following() or b"")
    elif word == "json":
        reading.as_json = True
    elif word in ("content-type", "timeout", "connect-timeout", "append_headers", "proxy"):
        value = reading.following()
        if value is None:
            return
        if word == "append_headers":
            reading.headers.append(value.decode("utf-8", "replace"))
        else:
            reading.found[word] = value.decode("utf-8", "replace")


def _seconds(text: str | None) -> int | None:
    digits = (text or "").strip()
    return int(digits) if digits.isdigit() and int(digits) > 0 else None
