"""Indexes outside of the database: behind it, beside other processes, broken, gone, and never another tenant's."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.component.test_knowledge_search import SHOP, Library, LocalModel, wanted
from tests.conftest import MakeDomain
from tests.fakes.chroma_server import FakeChroma, error, fake_chroma
from tests.fakes.http_server import Answer, Received, json_answer
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import InvalidInput
from voice_ai_service.knowledge.chroma_index import ChromaIndex, ChromaServer
from voice_ai_service.knowledge.document_repository import DocumentRepository
from voice_ai_service.knowledge.faiss_index import FaissIndex
from voice_ai_service.knowledge.indexed_store import IndexedVectorStore
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.knowledge.search import KnowledgeSearch
from voice_ai_service.knowledge.stores import DatabaseVectorStore, StoreChoice, open_store
from voice_ai_service.knowledge.vector_index import Place, VectorIndex, VectorSource, VectorsUnavailable
from voice_ai_service.tenancy.tenant import Tenant

pytestmark = pytest.mark.postgres
MODEL = "hashing-384"


@pytest.fixture
async def library(db: Database, make_domain: MakeDomain) -> Library:
    return Library(db, Tenant(await make_domain(), "shop.example"))


@pytest.fixture(params=["faiss", "chroma"])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], VectorIndex]]:
    """Each call is another process's view of the same index."""
    if request.param == "faiss":
        pytest.importorskip("faiss")
        yield lambda: FaissIndex(tmp_path)
        return
    async with fake_chroma() as fake:
        url = os.environ.get("VOICE_AI_TEST_CHROMA_URL") or fake.url
        yield lambda: ChromaIndex(ChromaServer(url))


@asynccontextmanager
async def over(
    db: Database, index: VectorIndex, first_wait_s: float = 30
) -> AsyncIterator[IndexedVectorStore]:
    async with aclosing(IndexedVectorStore(db, index, first_wait_s=first_wait_s)) as store:
        yield store


async def documents_near(store: IndexedVectorStore, library: Library, limit: int = 10) -> set[UUID]:
    near = await store.nearest(library.tenant.domain_uuid, await wanted("horário", limit))
    return {one.document_uuid for one in near}


async def test_the_old_index_answers_until_the_new_one_is_ready(
    index: Callable[[], VectorIndex], db: Database, library: Library
) -> None:
    old = await library.add("guia.md", SHOP)
    async with over(db, index()) as store:
        assert await documents_near(store, library) == {old}
        new = await library.add("novo.md", SHOP)
        assert await documents_near(store, library) == {old}
        await store.settled()
        assert await documents_near(store, library) == {old, new}


async def test_while_a_models_vectors_are_replaced_the_old_models_are_still_found(
    index: Callable[[], VectorIndex], db: Database, library: Library
) -> None:
    """Half of the documents have been done again: each model answers with what it has."""
    done = await library.add("refeito.md", SHOP, model="hashing-new")
    waiting = await library.add("espera.md", SHOP)
    async with over(db, index()) as store:
        assert await documents_near(store, library) == {waiting}
        asked = replace(await wanted("horário", 10), model="hashing-new")
        assert {one.document_uuid for one in await store.nearest(library.tenant.domain_uuid, asked)} == {done}


async def test_another_process_finds_the_index_made(
    index: Callable[[], VectorIndex], db: Database, library: Library
) -> None:
    document = await library.add("guia.md", SHOP)
    async with over(db, index()) as first:
        await documents_near(first, library)
    async with over(db, index()) as second:
        assert await documents_near(second, library) == {document}


async def test_a_deleted_document_is_gone_at_once_and_its_vectors_after_a_refresh(
    index: Callable[[], VectorIndex], db: Database, library: Library, owner_connection: asyncpg.Connection
) -> None:
    domain = library.tenant.domain_uuid
    gone, kept = await library.add("um.md", SHOP), await library.add("dois.md", SHOP[:1])
    seen = index()
    async with over(db, seen) as store:
        assert await documents_near(store, library) == {gone, kept}
        await owner_connection.execute("DELETE FROM v_voice_documents WHERE voice_document_uuid = $1", gone)
        assert await documents_near(store, library) == {kept}
        await store.refresh(domain)
        place = Place(domain, MODEL, 384)
        (vector,) = [(await wanted("horário")).vector]
        assert len(await seen.nearest(place, vector, 100)) == 1
        await owner_connection.execute("DELETE FROM v_voice_documents WHERE domain_uuid = $1", domain)
        assert domain in await seen.domains()
        await store.sweep()
        assert domain not in await seen.domains()
        assert await seen.nearest(place, vector, 100) == ()


async def test_a_model_that_no_document_has_any_more_is_forgotten(
    index: Callable[[], VectorIndex], db: Database, library: Library, owner_connection: asyncpg.Connection
) -> None:
    domain = library.tenant.domain_uuid
    await library.add("guia.md", SHOP)
    seen = index()
    async with over(db, seen) as store:
        await documents_near(store, library)
        await owner_connection.execute(
            "UPDATE v_voice_chunks SET embedding_model = 'hashing-new' WHERE domain_uuid = $1", domain
        )
        await store.refresh(domain)
        assert await seen.stamp(Place(domain, MODEL, 384)) is None


async def test_tenants_have_places_of_their_own(
    index: Callable[[], VectorIndex], db: Database, library: Library, make_domain: MakeDomain
) -> None:
    rival = Library(db, Tenant(await make_domain(), "rival.example"))
    mine, theirs = await library.add("meu.md", SHOP), await rival.add("deles.md", SHOP)
    seen = index()
    async with over(db, seen) as store:
        assert await documents_near(store, library) == {mine}
        assert await documents_near(store, rival) == {theirs}
        await seen.drop(rival.tenant.domain_uuid, frozenset())
        assert await documents_near(store, library) == {mine}


async def test_a_server_that_mixes_tenants_up_tells_nothing_of_another(
    db: Database, library: Library, make_domain: MakeDomain
) -> None:
    rival = Library(db, Tenant(await make_domain(), "rival.example"))
    await rival.add("deles.md", SHOP)
    async with db.tenant(rival.tenant.domain_uuid) as connection:
        rows = await connection.fetch("SELECT voice_chunk_uuid FROM v_voice_chunks")
    mine = await library.add("meu.md", SHOP)
    async with (
        fake_chroma(foreign=tuple(str(row["voice_chunk_uuid"]) for row in rows)) as fake,
        over(db, ChromaIndex(ChromaServer(fake.url))) as store,
    ):
        assert await documents_near(store, library) == {mine}


async def test_a_question_for_one_secretary_goes_on_past_the_others(
    index: Callable[[], VectorIndex], db: Database, library: Library
) -> None:
    hers, other = await library.add_secretary(), await library.add_secretary()
    crowd = [("Horário", f"Horário de funcionamento {number}.") for number in range(120)]
    await library.add("dela.md", crowd, secretary=hers)
    far = await library.add("outra.md", SHOP[2:], secretary=other)
    async with over(db, index()) as store:
        asked = await wanted("Horário de funcionamento", 1, other)
        near = await store.nearest(library.tenant.domain_uuid, asked)
    assert [one.document_uuid for one in near] == [far]


async def test_many_first_questions_make_one_index(db: Database, library: Library) -> None:
    await library.add("guia.md", SHOP)
    made = _Slow()
    async with over(db, made) as store:
        asking = [asyncio.create_task(documents_near(store, library)) for _ in range(20)]
        await made.begun.wait()
        made.go.set()
        await asyncio.gather(*asking)
    assert made.fills == 1


async def test_a_first_question_does_not_wait_for_a_large_index(db: Database, library: Library) -> None:
    await library.add("guia.md", SHOP)
    made = _Slow()
    async with over(db, made, first_wait_s=0.01) as store:
        assert await documents_near(store, library) == set()
        assert made.begun.is_set()


class _Slow:
    """An index that takes as long as the test says, and then has nothing."""

    def __init__(self) -> None:
        self.begun, self.go, self.fills, self.held = asyncio.Event(), asyncio.Event(), 0, ""

    async def stamp(self, place: Place) -> str | None:
        return self.held or None

    async def fill(self, place: Place, stamp: str, source: VectorSource) -> None:
        self.fills += 1
        self.begun.set()
        await self.go.wait()
        self.held = stamp

    async def nearest(
        self, place: Place, vector: Sequence[float], limit: int
    ) -> tuple[tuple[UUID, float], ...]:
        return ()

    async def drop(self, domain_uuid: UUID, keep: frozenset[str]) -> tuple[Place, ...]:
        return ()

    async def domains(self) -> frozenset[UUID]:
        return frozenset()

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"\x93NUMPY"])
async def test_a_file_that_cannot_be_read_is_made_again(
    content: bytes, db: Database, library: Library, tmp_path: Path
) -> None:
    pytest.importorskip("faiss")
    document = await library.add("guia.md", SHOP)
    async with over(db, FaissIndex(tmp_path)) as store:
        await documents_near(store, library)
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(content)
    async with over(db, FaissIndex(tmp_path)) as store:
        assert await documents_near(store, library) == {document}
    assert file.stat().st_size > 1000


async def test_a_models_name_is_no_path(db: Database, library: Library, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    await library.add("guia.md", SHOP, model="../../../etc/passwd")
    root = tmp_path / "vectors"
    async with over(db, FaissIndex(root)) as store:
        asked = replace(await wanted("horário"), model="../../../etc/passwd")
        assert await store.nearest(library.tenant.domain_uuid, asked)
    assert {path.parent.parent for path in tmp_path.rglob("*.npz")} == {root}
    assert oct(next(tmp_path.rglob("*.npz")).stat().st_mode)[-3:] == "600"


async def test_only_so_much_is_held_in_memory(
    db: Database, library: Library, tmp_path: Path, make_domain: MakeDomain
) -> None:
    pytest.importorskip("faiss")
    index = FaissIndex(tmp_path, max_bytes=1)
    rival = Library(db, Tenant(await make_domain(), "rival.example"))
    mine, theirs = await library.add("meu.md", SHOP), await rival.add("deles.md", SHOP)
    async with over(db, index) as store:
        for _ in range(2):
            assert await documents_near(store, library) == {mine}
            assert await documents_near(store, rival) == {theirs}
            assert len(index._held) == 1


@dataclass
class _Server:
    fake: FakeChroma
    search: KnowledgeSearch
    store: IndexedVectorStore


@pytest.fixture
async def chroma(db: Database) -> AsyncIterator[_Server]:
    async with (
        fake_chroma() as fake,
        over(db, ChromaIndex(ChromaServer(fake.url))) as store,
        aclosing(KnowledgeSearch(db, store, LocalModel())) as search,
    ):
        yield _Server(fake, search, store)


def _as(answer: Answer) -> Callable[[Received], Answer]:
    return lambda _: answer


@pytest.mark.parametrize(
    "answer",
    [
        error(500, "on fire"),
        error(401, "who are you"),
        json_answer({"id": "not a uuid"}),
        json_answer([]),
        json_answer("x"),
        Answer(200, {}, (b"<html>",), whole=True),
        Answer(200, {}, (b"x", b"y"), cut_after=1),
        Answer(302, {"location": "http://127.0.0.1:1/"}, (b"",), whole=True),
    ],
    ids=str,
)
async def test_words_answer_where_the_server_does_not(
    chroma: _Server, library: Library, answer: Answer
) -> None:
    await library.add("guia.md", SHOP)
    assert (await chroma.search.search(library.tenant, "qual o horário de funcionamento")).model == MODEL
    chroma.fake.fault = _as(answer)
    chroma.store._index._known.clear()  # type: ignore[attr-defined]
    with pytest.raises(VectorsUnavailable):
        await documents_near(chroma.store, library)
    found = await chroma.search.search(library.tenant, "qual o horário de funcionamento")
    assert found.model is None
    assert found.hits[0].heading == "Horário de funcionamento"


async def test_a_collection_that_somebody_removed_is_made_again(chroma: _Server, library: Library) -> None:
    document = await library.add("guia.md", SHOP)
    assert await documents_near(chroma.store, library) == {document}
    chroma.fake.collections.clear()
    assert await documents_near(chroma.store, library) == set()
    assert await documents_near(chroma.store, library) == {document}


async def test_only_what_changed_goes_to_the_server(chroma: _Server, library: Library) -> None:
    await library.add("guia.md", SHOP)
    await documents_near(chroma.store, library)
    chroma.fake.requests.clear()
    await library.add("novo.md", SHOP[:1])
    await documents_near(chroma.store, library)
    await chroma.store.settled()
    sent: list[Any] = [one.json["ids"] for one in chroma.fake.requests if one.path.endswith("/upsert")]
    assert [len(ids) for ids in sent] == [1]


async def test_a_servers_token_is_sent_and_never_shown(db: Database, library: Library) -> None:
    await library.add("guia.md", SHOP)
    async with fake_chroma() as fake:
        server = ChromaServer(fake.url, token="very-secret")
        async with over(db, ChromaIndex(server)) as store:
            await documents_near(store, library)
    assert {one.headers.get("x-chroma-token") for one in fake.requests} == {"very-secret"}
    assert "very-secret" not in repr(server)


async def test_nobody_there_is_said_as_such(db: Database, library: Library) -> None:
    await library.add("guia.md", SHOP)
    async with over(db, ChromaIndex(ChromaServer("http://127.0.0.1:9"))) as store:
        with pytest.raises(VectorsUnavailable):
            await documents_near(store, library)


@dataclass
class _Kept:
    """What a repository tells its store."""

    gone: bool = False
    refreshed: list[UUID] = field(default_factory=list)
    swept: int = 0

    async def refresh(self, domain_uuid: UUID) -> None:
        if self.gone:
            raise VectorsUnavailable("the Chroma server cannot be reached")
        self.refreshed.append(domain_uuid)

    async def sweep(self) -> int:
        self.swept += 1
        return 0


@pytest.mark.parametrize("gone", [False, True])
async def test_deleting_documents_forgets_their_vectors_and_does_not_need_the_store(
    gone: bool, db: Database, library: Library, tmp_path: Path
) -> None:
    domain, kept = library.tenant.domain_uuid, _Kept(gone)
    one = await library.add("um.md", SHOP)
    await library.add("dois.md", SHOP)
    documents = DocumentRepository(db, Originals(tmp_path), kept)
    await documents.delete(domain, one)
    assert await documents.delete_all(domain) == 1
    await documents.sweep()
    assert (kept.refreshed, kept.swept) == ([] if gone else [domain, domain], 1)


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        (StoreChoice("database", Path("x")), DatabaseVectorStore),
        (StoreChoice("chroma", Path("x"), ChromaServer("http://127.0.0.1:9")), IndexedVectorStore),
        (StoreChoice("faiss", Path("x")), IndexedVectorStore),
    ],
)
async def test_the_installation_chooses_its_store(choice: StoreChoice, kind: type, db: Database) -> None:
    if choice.kind == "faiss":
        pytest.importorskip("faiss")
    async with aclosing(open_store(db, choice)) as store:
        assert isinstance(store, kind)


async def test_a_store_that_cannot_work_here_says_so_at_the_start(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_store(db, StoreChoice("chroma", Path("x")))
    assert caught.value.field == "VOICE_AI_CHROMA_URL"
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr("voice_ai_service.knowledge.stores.find_spec", lambda name: None)
    with pytest.raises(InvalidInput) as caught:
        open_store(db, StoreChoice("faiss", Path("x")))
    assert "voice-ai[faiss]" in (caught.value.fix or "")
