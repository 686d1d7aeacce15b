from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.virtual_time import virtual_time
from voice_ai_service.providers.embeddings.hashing import DIMENSION, HashingEmbeddings


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


async def test_the_same_text_gives_the_same_vector_in_every_process() -> None:
    (vector,) = await HashingEmbeddings().embed(["boleto"])
    strongest = sorted(range(DIMENSION), key=lambda axis: -abs(vector[axis]))[:3]
    assert len(vector) == DIMENSION
    # Python's own hash() changes with every process; these axes must not.
    assert sorted(strongest) == sorted(strongest_axes_of("boleto"))


def strongest_axes_of(word: str) -> list[int]:
    """The same by the definition, written another way."""
    import zlib

    marked = f"<{word}>"
    axes: dict[int, float] = {}
    for gram in {marked[at : at + size] for size in (3, 4, 5) for at in range(len(marked) - size + 1)}:
        code = zlib.crc32(gram.encode())
        axis = (code & 0x7FFFFFFF) % DIMENSION
        axes[axis] = axes.get(axis, 0.0) + (-1.0 if code >> 31 else 1.0)
    return sorted(axes, key=lambda axis: (-abs(axes[axis]), axis))[:3]


async def test_case_and_accents_do_not_matter() -> None:
    plain, accented = await HashingEmbeddings().embed(["segunda via do cartao", "Segunda via do CARTÃO"])
    assert plain == accented


async def test_related_words_are_nearer_than_others() -> None:
    question, answer, other = await HashingEmbeddings().embed(
        ["como emito boletos?", "Emissão de boleto bancário", "Horário de funcionamento da loja"]
    )
    assert cosine(question, answer) > cosine(question, other) + 0.1


async def test_no_text_no_vectors() -> None:
    assert await HashingEmbeddings().embed([]) == []


@given(st.lists(st.text(max_size=80), max_size=4))
def test_always_one_unit_vector_a_text(texts: list[str]) -> None:
    @virtual_time
    async def run() -> None:
        vectors = await HashingEmbeddings().embed(texts)
        assert len(vectors) == len(texts)
        assert all(math.isclose(cosine(vector, vector), 1.0, abs_tol=1e-9) for vector in vectors)

    run()
