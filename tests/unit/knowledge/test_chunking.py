from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.knowledge.chunking import Chunk, ChunkSizes, chunked
from voice_ai_service.knowledge.files.blocks import Block, BlockKind
from voice_ai_service.knowledge.tokens import count_tokens


def prose(count: int, words: int = 10) -> str:
    return " ".join(f"Frase {n} " + "diz algo " * (words // 2) + "aqui." for n in range(count))


def paragraph(text: str, page: int | None = None) -> Block:
    return Block(BlockKind.PARAGRAPH, text, page)


def heading(text: str, level: int = 1) -> Block:
    return Block(BlockKind.HEADING, text, level=level)


def row(text: str) -> Block:
    return Block(BlockKind.ROW, text)


def cut(blocks: Sequence[Block], chunk_tokens: int = 1000, overlap_tokens: int = 200) -> list[Chunk]:
    return list(chunked(blocks, ChunkSizes(chunk_tokens, overlap_tokens)))


def shared(before: Chunk, after: Chunk) -> str:
    """The longest beginning of one that the other ends with."""
    return next(
        (
            after.text[:size]
            for size in range(len(after.text), 0, -1)
            if before.text.endswith(after.text[:size])
        ),
        "",
    )


def test_what_fits_is_one_chunk() -> None:
    assert cut([paragraph("Uma frase. Outra frase.", 3)]) == [Chunk(0, "Uma frase. Outra frase.", None, 3, 6)]


def test_nothing_gives_nothing() -> None:
    assert cut([]) == []


def test_long_prose_is_cut_between_sentences_with_the_overlap_asked_for() -> None:
    chunks = cut([paragraph(prose(500))])
    assert len(chunks) > 5
    for before, after in pairwise(chunks):
        assert 900 <= before.tokens <= 1000
        assert before.text.endswith("aqui.")
        assert after.text.startswith("Frase ")
        assert 150 <= count_tokens(shared(before, after)) <= 200


def test_without_overlap_every_word_comes_once() -> None:
    text = prose(300)
    assert " ".join(chunk.text for chunk in cut([paragraph(text)], 100, 0)) == text


def test_where_a_paragraph_ends_near_the_limit_the_chunk_ends() -> None:
    first, second = prose(8), prose(8)
    size = count_tokens(first)
    chunks = cut([paragraph(first), paragraph(second)], size + size // 8, 0)
    assert chunks[0].text == first


def test_a_heading_begins_a_chunk_and_stands_above_all_of_its_section() -> None:
    chunks = cut(
        [
            heading("Manual"),
            heading("Preços", 2),
            paragraph(prose(30)),
            heading("Prazos", 2),
            paragraph("Um dia."),
        ],
        100,
        20,
    )
    assert chunks[0].text.startswith("Manual\n\nPreços\n\nFrase 0")
    assert [chunk.heading for chunk in chunks[:-1]] == ["Manual › Preços"] * (len(chunks) - 1)
    assert chunks[-1] == Chunk(len(chunks) - 1, "Prazos\n\nUm dia.", "Manual › Prazos", None, 4)


def test_a_heading_of_the_same_or_a_higher_level_ends_the_path() -> None:
    chunks = cut(
        [heading("A"), paragraph("a."), heading("B", 3), paragraph("b."), heading("C", 2), paragraph("c."),
         heading("D"), paragraph("d.")]
    )  # fmt: skip
    assert [chunk.heading for chunk in chunks] == ["A", "A › B", "A › C", "D"]


def test_headings_alone_are_not_lost() -> None:
    assert [chunk.text for chunk in cut([heading("Só"), heading("títulos", 2)])] == ["Só\n\ntítulos"]


def test_rows_stay_whole_and_the_overlap_is_whole_rows() -> None:
    rows = [row(f"Produto: Coisa {n}; Preço: {n},90") for n in range(60)]
    chunks = cut(rows, 100, 30)
    lines = [chunk.text.split("\n") for chunk in chunks]
    assert {line for chunk in lines for line in chunk} == {block.text for block in rows}
    for before, after in pairwise(lines):
        repeated = [line for line in after if line in before]
        assert repeated
        assert repeated == after[: len(repeated)] == before[-len(repeated) :]


def test_the_page_is_that_of_what_is_new() -> None:
    chunks = cut([paragraph(prose(20), 1), paragraph(prose(20), 2)], count_tokens(prose(20)), 40)
    assert [chunk.page for chunk in chunks][:2] == [1, 2]


def test_a_sentence_longer_than_a_chunk_is_cut_between_words() -> None:
    text = "palavra " * 500 + "fim"
    chunks = cut([paragraph(text)], 50, 10)
    assert all(chunk.tokens <= 50 for chunk in chunks)
    assert {word for chunk in chunks for word in chunk.text.split()} == {"palavra", "fim"}


def test_a_word_longer_than_a_chunk_is_cut_because_it_must_be() -> None:
    chunks = cut([paragraph("x" * 10_000)], 50, 0)
    assert "".join(chunk.text.replace(" ", "") for chunk in chunks) == "x" * 10_000
    assert all(chunk.tokens <= 50 for chunk in chunks)


@pytest.mark.parametrize(("chunk", "overlap"), [(0, 0), (10, -1)])
def test_impossible_sizes(chunk: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="a chunk"):
        ChunkSizes(chunk, overlap)


word = st.text(alphabet="abçdé", min_size=1, max_size=14)
sentence = st.lists(word, min_size=1, max_size=12).map(lambda words: " ".join(words).capitalize() + ".")
text = st.lists(sentence, min_size=1, max_size=12).map(" ".join)
blocks = st.lists(
    st.one_of(
        st.builds(Block, st.just(BlockKind.PARAGRAPH), text, st.integers(1, 9)),
        st.builds(Block, st.sampled_from([BlockKind.ROW, BlockKind.ITEM]), sentence),
        st.builds(Block, st.just(BlockKind.HEADING), sentence, st.none(), st.integers(1, 4)),
    ),
    max_size=12,
)


def words_of(parts: Sequence[str]) -> Iterator[str]:
    return (word for part in parts for word in part.split())


@given(blocks=blocks, chunk_tokens=st.integers(10, 80), overlap_tokens=st.integers(0, 60))
def test_always_within_the_limit_in_order_and_nothing_lost(
    blocks: list[Block], chunk_tokens: int, overlap_tokens: int
) -> None:
    chunks = cut(blocks, chunk_tokens, overlap_tokens)
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert all(0 < chunk.tokens == count_tokens(chunk.text) <= chunk_tokens for chunk in chunks)
    remaining = list(words_of([block.text for block in blocks]))
    if not overlap_tokens:
        assert list(words_of([chunk.text for chunk in chunks])) == remaining
    # What is left of every chunk after its repetition continues where the one before ended.
    at = 0
    for chunk in chunks:
        found = chunk.text.split()
        new = next(
            skip for skip in range(len(found)) if remaining[at : at + len(found) - skip] == found[skip:]
        )
        at += len(found) - new
    assert at == len(remaining)


@given(blocks=blocks, overlap_tokens=st.integers(0, 60))
def test_no_word_is_divided_that_fits_a_chunk(blocks: list[Block], overlap_tokens: int) -> None:
    whole = set(words_of([block.text for block in blocks]))
    for chunk in cut(blocks, 10, overlap_tokens):
        assert set(chunk.text.split()) <= whole
