"""Blocks of a document become chunks: what is embedded, found and cited. Pure.

A chunk never crosses a heading. Inside a section it is filled with whole sentences and whole table rows; where
a paragraph ends near the limit, it ends with the paragraph. The next chunk of the section begins with the last
sentences of the one before, so that what stands on the border is found from both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from voice_ai_service.knowledge.files.blocks import Block, BlockKind
from voice_ai_service.knowledge.sentences import sentences
from voice_ai_service.knowledge.tokens import count_tokens, last_words, split_words

_NEAR_FULL: Final = 0.8
"""From here on the end of a paragraph is a better place to cut than the last sentence that fits."""
_PATH_SIGN: Final = " › "
_MAX_PATH_CHARS: Final = 300
_BEFORE: Final = {
    BlockKind.HEADING: "\n\n",
    BlockKind.PARAGRAPH: "\n\n",
    BlockKind.ITEM: "\n",
    BlockKind.ROW: "\n",
}


@dataclass(frozen=True, slots=True)
class ChunkSizes:
    """
    Attributes:
        chunk_tokens: At most so many in a chunk, by `tokens.count_tokens`.
        overlap_tokens: At most so many at a chunk's beginning are the end of the one before; never more than half
            a chunk.
    """

    chunk_tokens: int = 1000
    overlap_tokens: int = 200

    def __post_init__(self) -> None:
        if self.chunk_tokens < 1 or self.overlap_tokens < 0:
            raise ValueError("a chunk has a token at least, and an overlap is not negative")

    @property
    def overlap(self) -> int:
        return min(self.overlap_tokens, self.chunk_tokens // 2)


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    Attributes:
        index: Counted from 0 in the document.
        heading: The headings above it, highest first; None where there are none.
        page: Where what is new in it begins.
    """

    index: int
    text: str
    heading: str | None
    page: int | None
    tokens: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is not cut any more: a sentence, an item, a row, or a part of one that is too long.

    Attributes:
        before: What stands between it and the piece before.
        whole: Cannot begin in its middle.
    """

    text: str
    tokens: int
    page: int | None
    before: str
    whole: bool


def chunked(blocks: Iterable[Block], sizes: ChunkSizes) -> Iterator[Chunk]:
    """Chunks in order. Every word of the blocks is in one of them."""
    index = 0
    for heading, pieces in _sections(blocks, sizes.chunk_tokens):
        for repeated, packed in _packed(pieces, sizes):
            text = "".join((piece.before if at else "") + piece.text for at, piece in enumerate(packed))
            page = packed[min(repeated, len(packed) - 1)].page
            yield Chunk(index, text, heading, page, count_tokens(text))
            index += 1


def _sections(blocks: Iterable[Block], chunk_tokens: int) -> Iterator[tuple[str | None, list[_Piece]]]:
    """The pieces below each heading, the heading among them. Headings with nothing below go to the next section."""
    path: list[Block] = []
    pieces: list[_Piece] = []
    has_body = False
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            if has_body:
                yield _path_text(path), pieces
                pieces, has_body = [], False
            path = [above for above in path if above.level < block.level]
            path.append(block)
        else:
            has_body = True
        pieces += _pieces(block, chunk_tokens)
    if pieces:
        yield _path_text(path), pieces


def _pieces(block: Block, chunk_tokens: int) -> Iterator[_Piece]:
    before = _BEFORE[block.kind]
    parts = sentences(block.text) if block.kind is BlockKind.PARAGRAPH else [block.text]
    for part in parts:
        tokens = count_tokens(part)
        if tokens <= chunk_tokens:
            yield _Piece(part, tokens, block.page, before, whole=block.kind is not BlockKind.PARAGRAPH)
        else:
            # Parts of half a chunk: an overlap fits beside them.
            for cut in split_words(part, max(1, chunk_tokens // 2)):
                yield _Piece(cut, count_tokens(cut), block.page, before, whole=False)
                before = " "
        before = " "


def _packed(pieces: Sequence[_Piece], sizes: ChunkSizes) -> Iterator[tuple[int, list[_Piece]]]:
    """Chunks as lists of pieces, each with how many of its first ones are repeated."""
    held: list[_Piece] = []
    repeated = 0
    size = 0
    for piece in pieces:
        if held and size + piece.tokens > sizes.chunk_tokens:
            cut = _cut_at(held, piece, sizes.chunk_tokens, repeated)
            yield repeated, held[:cut]
            rest = held[cut:]
            room = sizes.chunk_tokens - piece.tokens - _size(rest)
            tail = _tail(held[:cut], min(sizes.overlap, room))
            held, repeated = tail + rest, len(tail)
            size = _size(held)
        held.append(piece)
        size += piece.tokens
    if held:
        yield repeated, held


def _cut_at(held: Sequence[_Piece], following: _Piece, limit: int, repeated: int) -> int:
    """How many pieces the chunk gets: up to the last end of a paragraph if that leaves it near full, else all."""
    if "\n" in following.before:
        return len(held)
    size = _size(held)
    rest = 0
    for at in range(len(held) - 1, repeated, -1):
        rest += held[at].tokens
        if size - rest < _NEAR_FULL * limit or rest + following.tokens > limit:
            break
        if "\n" in held[at].before:
            return at
    return len(held)


def _tail(pieces: Sequence[_Piece], overlap: int) -> list[_Piece]:
    """The last pieces of at most so many tokens; where whole ones fill less than half of that, a part of the one before
    as well."""
    tail: list[_Piece] = []
    left = overlap
    for piece in reversed(pieces):
        if piece.tokens > left:
            if not piece.whole and left > overlap // 2:
                text = last_words(piece.text, left)
                if text:
                    tail.insert(0, replace(piece, text=text, tokens=count_tokens(text)))
            break
        tail.insert(0, piece)
        left -= piece.tokens
    return tail if len(tail) < len(pieces) or tail[0] != pieces[0] else tail[1:]


def _size(pieces: Sequence[_Piece]) -> int:
    return sum(piece.tokens for piece in pieces)


def _path_text(path: Sequence[Block]) -> str | None:
    """Cut at the front: the nearest heading says most."""
    text = _PATH_SIGN.join(block.text for block in path)
    return text[-_MAX_PATH_CHARS:].strip() or None
