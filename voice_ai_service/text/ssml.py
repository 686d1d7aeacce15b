"""Speech Synthesis Markup Language 1.1 (W3C) in what is to be spoken: kept well-formed, or taken out. Pure.

Text is markup only where a name of SSML's stands in angle brackets; "a < b" stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from typing import Final
from xml.sax.saxutils import escape

NAMES: Final = (
    "speak", "break", "emphasis", "prosody", "say-as", "sub", "phoneme", "lang", "voice", "audio", "mark", "p", "s",
    "w", "token", "lexicon", "lookup", "meta", "metadata", "desc",
)  # fmt: skip
_NAMES: Final = "|".join(sorted((re.escape(name) for name in NAMES), key=len, reverse=True))
_TAG: Final = re.compile(rf"<(?P<end>/)?(?P<name>{_NAMES})(?=[\s/>])(?P<rest>[^<>]*?)(?P<empty>/)?>")
TAG: Final = _TAG.pattern
"""For those who must not touch what stands in a tag."""
READ_ALREADY: Final = (
    rf"<(?P<name>say-as|sub|phoneme)(?=[\s>])[^<>]*>[^<>]*</(?P=name)\s*>|{_TAG.pattern}".replace(
        "(?P<name>" + _NAMES, "(?:" + _NAMES
    )
)
"""Elements that say themselves how their content is read, and all other tags."""
_ATTRIBUTE: Final = re.compile(r"\s*([a-zA-Z][\w:.-]*)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_ALIAS: Final = re.compile(r"<sub(?=\s)[^<>]*?\salias\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^<>]*>[^<>]*</sub\s*>")


def has_markup(text: str) -> bool:
    return _TAG.search(text) is not None


def plain(text: str) -> str:
    """The words alone. A break becomes a comma's worth of nothing: the engine pauses where it would."""
    if not _TAG.search(text):
        return text
    text = _ALIAS.sub(lambda match: match[1] if match[1] is not None else match[2], text)
    bare = _TAG.sub(lambda match: " " if match["name"] in ("break", "p", "s", "audio", "mark") else "", text)
    return re.sub(r"[ \t]{2,}", " ", unescape(bare)).strip()


def content(text: str, allowed: Collection[str]) -> str:
    """What may stand between `<speak>` and `</speak>`: well-formed XML.

    Elements that are not in `allowed` are left out, their text stays. Markup that is not well-formed (cut in two
    pieces, never closed) is left out altogether: an engine would refuse the whole sentence.
    """
    if not _TAG.search(text):
        return escape(text)
    made: list[str] = []
    opened: list[str] = []
    at = 0
    for tag in _TAG.finditer(text):
        made.append(escape(unescape(text[at : tag.start()])))
        at = tag.end()
        name = tag["name"]
        if name not in allowed:
            continue
        if tag["end"]:
            if not opened or opened.pop() != name:
                return escape(plain(text))
            made.append(f"</{name}>")
            continue
        attributes = _attributes(tag["rest"])
        if attributes is None:
            return escape(plain(text))
        made.append(f"<{name}{attributes}{'/' if tag['empty'] else ''}>")
        if not tag["empty"]:
            opened.append(name)
    made.append(escape(unescape(text[at:])))
    return escape(plain(text)) if opened else "".join(made)


def _attributes(text: str) -> str | None:
    """As they may stand in a tag again; None when they are not well-formed."""
    made, at = [], 0
    while text[at:].strip():
        match = _ATTRIBUTE.match(text, at)
        if match is None:
            return None
        value = escape(unescape(match[2][1:-1]), {'"': "&quot;"})
        made.append(f' {match[1]}="{value}"')
        at = match.end()
    names = [one.split("=", 1)[0] for one in made]
    return "".join(made) if len(set(names)) == len(names) else None
