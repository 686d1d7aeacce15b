"""Markdown as far as documents use it: headings, lists, tables, code; emphasis and links become their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from voice_ai_service.knowledge.files.blocks import Block, BlockKind, row_text
from voice_ai_service.knowledge.files.clean import lines_of
from voice_ai_service.knowledge.files.plain import paragraph_blocks

_HEADING: Final = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_UNDERLINE: Final = re.compile(r"^(=+|-{2,})$")
_FENCE: Final = re.compile(r"^(```|~~~)")
_RULE: Final = re.compile(r"^(?:[-*_] ?){3,}$")
_ITEM: Final = re.compile(r"^(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$")
_TABLE_RULE: Final = re.compile(r"^\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?$")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_FRONT_MATTER: Final = re.compile(r"\A\s*---\n.*?\n(?:---|\.\.\.)\n", re.S)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_PICTURE: Final = re.compile(r"!\[([^\]]{0,300})\]\([^)]{0,2000}\)")
_LINK: Final = re.compile(r"\[([^\]]{1,300})\]\((\S{1,2000}?)(?:\s+\"[^\"]{0,300}\")?\)")
_EMPHASIS: Final = re.compile(r"(\*\*|__|~~|\*|`)(?=\S)(.{1,2000}?)(?<=\S)\1")
_ESCAPE: Final = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")


def read_markdown(text: str) -> Iterator[Block]:
    lines = lines_of(_COMMENT.sub("", _FRONT_MATTER.sub("", text.replace("\r\n", "\n"), count=1)))
    paragraph: list[str] = []
    header: list[str] | None = None
    in_code = False
    for at, line in enumerate(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        is_row = "|" in line and (
            header is not None or bool(_TABLE_RULE.match(following) and "|" in following)
        )
        special = not line or _FENCE.match(line) or _RULE.match(line) or _HEADING.match(line) or is_row
        if in_code and not _FENCE.match(line):
            paragraph += [line] if line else []
            continue
        if paragraph and _UNDERLINE.match(line) and len(paragraph) == 1 and not in_code:
            level = 1 if line.startswith("=") else 2
            yield from _heading(paragraph.pop(), level)
            continue
        if special or _ITEM.match(line):
            yield from _paragraph(paragraph)
            paragraph = []
        if not is_row:
            header = None
        if _FENCE.match(line):
            in_code = not in_code
        elif match := _HEADING.match(line):
            yield from _heading(match[2], len(match[1]))
        elif is_row:
            cells = _cells(line)
            if header is None:
                header = cells
            elif not _TABLE_RULE.match(line) and (row := row_text(header, cells)):
                yield Block(BlockKind.ROW, row)
        elif match := _ITEM.match(line):
            paragraph = [line]
        elif line and not _RULE.match(line):
            paragraph.append(line.removeprefix(">").strip())
    yield from _paragraph(paragraph)


def _heading(text: str, level: int) -> Iterator[Block]:
    if plain := _plain(text):
        yield Block(BlockKind.HEADING, plain, level=level)


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if match := _ITEM.match(lines[0]) if lines else None:
        if plain := _plain(" ".join([match[1], *lines[1:]])):
            yield Block(BlockKind.ITEM, f"- {plain}")
        return
    yield from paragraph_blocks([plain for line in lines if (plain := _plain(line))])


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [_plain(cell.replace("\0", "|")) for cell in inner.replace("\\|", "\0").split("|")]


def _plain(text: str) -> str:
    text = _PICTURE.sub(r"\1", text)
    text = _LINK.sub(lambda match: match[1] if match[2].startswith("#") else f"{match[1]} ({match[2]})", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    return _ESCAPE.sub(r"\1", _TAG.sub(" ", text)).strip()
