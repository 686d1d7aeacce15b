"""The search on PostgreSQL, as the service's role: what is found, what never is, and what changes it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import MakeDomain
from tests.fakes.chroma_server import fake_chroma
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import NotFound, ProviderUnavailable, Unavailable
from voice_ai_service.knowledge.array_store import ArrayVectorStore
from voice_ai_service.knowledge.chroma_index import ChromaIndex, ChromaServer
from voice_ai_service.knowledge.faiss_index import FaissIndex
from voice_ai_service.knowledge.indexed_store import IndexedVectorStore
from voice_ai_service.knowledge.pgvector_store import PgVectorStore
from voice_ai_service.knowledge.search import KnowledgeSearch
from voice_ai_service.knowledge.stores import DatabaseVectorStore
from voice_ai_service.knowledge.vectors import Near, VectorStore, Wanted
from voice_ai_service.providers.embeddings.hashing import HashingEmbeddings
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.text.words import words

pytestmark = pytest.mark.postgres

HOURS = "Atendemos de segunda a sexta das oito às dezoito horas e aos sábados até o meio-dia."
RETURNS = "Você pode devolver o produto em até sete dias. O estorno sai em dez dias úteis."
PARKING = "O estacionamento é gratuito para clientes durante duas horas."
SHOP = (("Horário de funcionamento", HOURS), ("Devoluções", RETURNS), ("Estacionamento", PARKING))


@dataclass(frozen=True)
class _Embedded:
    value: list[list[float]]
    model: str


class LocalModel:
    """Embeddings as the factory gives them."""

    def __init__(self, *, fails: bool = False) -> None:
        self._hashing = HashingEmbeddings()
        self._fails = fails

    async def embeddings(self, domain_uuid: UUID, /) -> LocalModel:
        return self

    async def embed(
        self, texts: Sequence[str], model: str | None = None, /, *, purpose: Purpose
    ) -> _Embedded:
        if self._fails:
            raise ProviderUnavailable("down", provider="test")
        return _Embedded(await self._hashing.embed(texts), self._hashing.model)


@dataclass(frozen=True)
class Library:
    """Documents of one tenant."""

    db: Database
    tenant: Tenant

    async def add(
        self,
        name: str,
        sections: Sequence[tuple[str, str]],
        *,
        language: str | None = "pt-BR",
        status: str = "ready",
        version: int = 1,
        current: int | None = None,
        secretary: UUID | None = None,
        model: str = "hashing-384",
    ) -> UUID:
        document = uuid4()
        vectors = await HashingEmbeddings().embed([f"{heading}\n{text}" for heading, text in sections])
        async with self.db.tenant(self.tenant.domain_uuid) as connection:
            await connection.execute(
                "INSERT INTO v_voice_documents (voice_document_uuid, domain_uuid, document_name, document_status, "
                "document_version, voice_secretary_uuid, update_date) VALUES ($1, $2, $3, $4, $5, $6, now())",
                document, self.tenant.domain_uuid, name, status, current or version, secretary,
            )  # fmt: skip
            await connection.executemany(
                "INSERT INTO v_voice_chunks (domain_uuid, voice_document_uuid, document_version, chunk_index, "
                "chunk_heading, chunk_text, chunk_language, embedding_model, embedding) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                [
                    (self.tenant.domain_uuid, document, version, at, heading, text, language, model, vector)
                    for at, ((heading, text), vector) in enumerate(zip(sections, vectors, strict=True))
                ],
            )
        return document

    async def add_secretary(self) -> UUID:
        async with self.db.tenant(self.tenant.domain_uuid) as connection:
            made = await connection.fetchval(
                "INSERT INTO v_voice_secretaries (domain_uuid, secretary_name, secretary_extension) "
                "VALUES ($1, 'Ana', $2) RETURNING voice_secretary_uuid",
                self.tenant.domain_uuid,
                str(uuid4().int)[:8],
            )
        return UUID(str(made))


@pytest.fixture
async def search(db: Database) -> AsyncIterator[KnowledgeSearch]:
    search = KnowledgeSearch(db, PgVectorStore(db), LocalModel())
    yield search
    await search.aclose()


@pytest.fixture
async def library(db: Database, make_domain: MakeDomain) -> Library:
    return Library(db, Tenant(await make_domain(), "shop.example"))


async def found(search: KnowledgeSearch, library: Library, question: str) -> list[str]:
    """Texts that would be said, best first."""
    return [one.text for one in await search.find(library.tenant, question, ("pt-BR",), 4)]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("qual o horário de funcionamento", HOURS),
        ("qual o orario de funsionamento", HOURS),
        ("QUAL O HORARIO", HOURS),
        ("bom dia eu queria saber como faço para ter meu dinheiro de volta", RETURNS),
        ("onde posso parar o carro", PARKING),
        ("quero devolver um produto", RETURNS),
    ],
)
async def test_questions_as_callers_ask_them(
    search: KnowledgeSearch, library: Library, question: str, text: str
) -> None:
    await library.add("guia.md", SHOP)
    result = await search.search(library.tenant, question)
    assert result.hits[0].text == text


async def test_what_no_document_answers_is_refused_and_the_admin_sees_why(
    search: KnowledgeSearch, library: Library
) -> None:
    await library.add("guia.md", SHOP)
    assert await found(search, library, "vocês vendem pizza de calabresa") == []
    result = await search.search(library.tenant, "vocês vendem pizza de calabresa")
    assert {"calabresa", "pizza"} <= set(result.not_found)
    assert not any(hit.good_enough for hit in result.hits)


async def test_a_passage_names_its_source_and_the_sentence_that_answers(
    search: KnowledgeSearch, library: Library
) -> None:
    document = await library.add("guia.md", SHOP)
    (passage, *_) = await search.find(library.tenant, "quando sai o estorno da devolução", ("pt-BR",), 4)
    assert passage.source_id.startswith(f"{document}#")
    assert "O estorno sai em dez dias úteis." in passage.answer


async def test_one_tenant_never_finds_anothers_chunk(
    db: Database, search: KnowledgeSearch, library: Library, make_domain: MakeDomain
) -> None:
    rival = Library(db, Tenant(await make_domain(), "rival.example"))
    await rival.add("segredo.md", [("Senha do cofre", "A senha do cofre é girassol.")])
    assert (await search.search(library.tenant, "qual a senha do cofre")).hits == ()
    await library.add("guia.md", SHOP)
    hits = (await search.search(library.tenant, "qual a senha do cofre", limit=50)).hits
    assert all("girassol" not in hit.text for hit in hits)
    assert (await search.search(rival.tenant, "qual a senha do cofre")).hits[0].text.endswith("girassol.")
    assert not await search.has_documents(Tenant(await make_domain(), "empty.example"))


async def test_the_function_past_the_wall_shows_only_the_transactions_tenant(
    db: Database, library: Library, make_domain: MakeDomain
) -> None:
    await library.add("segredo.md", [("Cofre", "A senha do cofre é girassol.")])
    asked = "SELECT * FROM voice_ai_match_chunks(ARRAY[$1]::text[]::tsquery[], ARRAY[1.0]::real[], NULL, 10)"
    async with db.tenant(library.tenant.domain_uuid) as connection:
        assert len(await connection.fetch(asked, "'girassol'")) == 1
    async with db.tenant(await make_domain()) as connection:
        marker = f"'@{library.tenant.domain_uuid}' | 'girassol'"
        assert await connection.fetch(asked, marker) == []
    async with db.open() as connection:
        assert await connection.fetch(asked, "'girassol'") == []


async def test_only_the_ready_version_of_a_document_is_found(
    search: KnowledgeSearch, library: Library
) -> None:
    await library.add(
        "novo.md", [("Preço", "O conserto do relógio custa noventa reais.")], status="processing"
    )
    await library.add(
        "velho.md", [("Preço", "O conserto do relógio custa setenta reais.")], version=1, current=2
    )
    assert (await search.search(library.tenant, "quanto custa o conserto do relógio")).hits == ()
    await library.add("atual.md", [("Preço", "O conserto do relógio custa oitenta reais.")], version=3)
    hits = (await search.search(library.tenant, "quanto custa o conserto do relógio")).hits
    assert [hit.document_name for hit in hits] == ["atual.md"]


async def test_a_secretarys_documents_are_hers_and_everybodys(
    search: KnowledgeSearch, library: Library
) -> None:
    hers, other = await library.add_secretary(), await library.add_secretary()
    await library.add("dela.md", [("Vinhos", "A rolha do vinho custa cinquenta reais.")], secretary=hers)
    await library.add("de-todas.md", [("Vinhos", "Servimos vinho tinto e branco.")])
    for secretary, names in ((hers, {"dela.md", "de-todas.md"}), (other, {"de-todas.md"})):
        hits = (await search.search(library.tenant, "vinho", secretary_uuid=secretary)).hits
        assert {hit.document_name for hit in hits} == names


async def test_the_tenants_own_synonyms(search: KnowledgeSearch, library: Library) -> None:
    await library.add("guia.md", [("Blindado", "O plano Blindado cobre quedas e líquidos."), *SHOP])
    before = await found(search, library, "quero contratar o escudo dourado")
    async with library.db.tenant(library.tenant.domain_uuid) as connection:
        await connection.execute(
            "INSERT INTO v_voice_settings (domain_uuid, setting_category, setting_name, setting_value) "
            "VALUES ($1, 'knowledge', 'synonyms', $2)",
            library.tenant.domain_uuid,
            [["escudo dourado", "blindado"]],
        )
    assert before == []
    assert (await found(search, library, "quero contratar o escudo dourado"))[0].startswith(
        "O plano Blindado"
    )


async def test_a_new_document_is_found_by_what_is_misheard(search: KnowledgeSearch, library: Library) -> None:
    await library.add("guia.md", SHOP)
    await search.search(library.tenant, "aquecer")
    await library.add("piscina.md", [("Hidroginástica", "A hidroginástica acontece às terças.")])
    assert (await found(search, library, "tem idroginastica"))[0].startswith("A hidroginástica")


@pytest.mark.parametrize("language", ["en", None, "fr"])
async def test_documents_in_other_languages(
    search: KnowledgeSearch, library: Library, language: str | None
) -> None:
    await library.add("guia.md", SHOP)
    await library.add(
        "menu.md", [("Wheelchair", "The terrace is accessible to wheelchairs.")], language=language
    )
    result = await search.search(library.tenant, "wheelchair terrace", languages=("pt-BR", "en"))
    assert result.hits[0].document_name == "menu.md"


async def test_embeddings_that_fail_cost_the_vectors_only(db: Database, library: Library) -> None:
    await library.add("guia.md", SHOP)
    search = KnowledgeSearch(db, PgVectorStore(db), LocalModel(fails=True))
    result = await search.search(library.tenant, "horário de funcionamento")
    await search.aclose()
    assert (result.hits[0].text, result.model) == (HOURS, None)


async def test_a_store_that_is_gone_is_said_as_itself(db: Database, library: Library) -> None:
    class Gone:
        async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
            raise Unavailable("the database is not reachable")

    await library.add("guia.md", SHOP)
    search = KnowledgeSearch(db, Gone(), LocalModel())
    with pytest.raises(Unavailable):
        await search.find(library.tenant, "horário", ("pt-BR",), 4)
    await search.aclose()


async def test_among_named_chunks_only(store: VectorStore, library: Library) -> None:
    await library.add("guia.md", SHOP)
    everything = await store.nearest(library.tenant.domain_uuid, await wanted("horário"))
    last = everything[-1].chunk_uuid
    asked = replace(await wanted("horário"), among=(last, uuid4()))
    assert [one.chunk_uuid for one in await store.nearest(library.tenant.domain_uuid, asked)] == [last]


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        "?",
        "'",
        "\\",
        "a & b | !c",
        "' | '@x",
        "😀",
        "\x00horário",
        "de " * 3000,
        "ç" * 5000,
        "<->",
    ],
)
async def test_no_question_breaks_the_search(
    search: KnowledgeSearch, library: Library, question: str
) -> None:
    await library.add("guia.md", SHOP)
    await search.find(library.tenant, question, ("pt-BR", "en"), 4)


async def test_many_first_questions_at_once_need_no_more_connections_than_there_are(
    search: KnowledgeSearch, library: Library
) -> None:
    await library.add("guia.md", SHOP)
    results = await asyncio.gather(*(search.search(library.tenant, "horário") for _ in range(20)))
    assert all(result.hits for result in results)


async def test_python_and_postgresql_fold_words_alike(db: Database) -> None:
    texts = [
        "Ação d'água — 8h30, R$ 1.500,00",
        "SEGUNDA-FEIRA às 22h",
        "naïve CAFÉ №5 x²",
        "İstanbul ŒUVRE straße",
    ]
    async with db.open() as connection:
        for text in texts[:3]:
            folded = (await connection.fetchval("SELECT voice_ai_fold($1)", text)).split()
            assert tuple(folded) == words(text), text


STORES = (PgVectorStore, ArrayVectorStore, DatabaseVectorStore)


@pytest.fixture(params=[*STORES, "by index", "faiss", "faiss by graph", "chroma"])
async def store(request: pytest.FixtureRequest, db: Database, tmp_path: Path) -> AsyncIterator[VectorStore]:
    """The same suite for all; pgvector and FAISS both ways."""
    if request.param == "by index":
        yield PgVectorStore(db, exact_up_to=0)
    elif request.param == "chroma":
        # VOICE_AI_TEST_CHROMA_URL: a real server, which the same suite passes.
        async with fake_chroma() as fake:
            server = ChromaServer(os.environ.get("VOICE_AI_TEST_CHROMA_URL") or fake.url)
            async with aclosing(IndexedVectorStore(db, ChromaIndex(server), first_wait_s=30)) as made:
                yield made
    elif str(request.param).startswith("faiss"):
        pytest.importorskip("faiss")
        index = FaissIndex(tmp_path, exact_up_to=20_000 if request.param == "faiss" else 0)
        async with aclosing(IndexedVectorStore(db, index, first_wait_s=30)) as made:
            yield made
    else:
        yield request.param(db)


async def wanted(text: str, limit: int = 3, secretary: UUID | None = None) -> Wanted:
    (vector,) = await HashingEmbeddings().embed([text])
    return Wanted(vector, "hashing-384", limit, secretary)


async def test_the_nearest_come_first(store: VectorStore, library: Library) -> None:
    document = await library.add("guia.md", SHOP)
    near = await store.nearest(library.tenant.domain_uuid, await wanted(f"Estacionamento\n{PARKING}"))
    assert near[0].similarity == pytest.approx(1.0, abs=1e-3)
    assert near[0].document_uuid == document
    assert [one.similarity for one in near] == sorted((one.similarity for one in near), reverse=True)
    assert len(near) == 3


async def test_a_store_keeps_tenants_models_versions_and_secretaries_apart(
    store: VectorStore, library: Library, make_domain: MakeDomain
) -> None:
    hers, other = await library.add_secretary(), await library.add_secretary()
    mine = await library.add("dela.md", SHOP[:1], secretary=hers)
    await library.add("outro-modelo.md", SHOP, model="hashing-999")
    await library.add("antigo.md", SHOP, version=1, current=2)
    await library.add("em-obras.md", SHOP, status="processing")
    rival = Library(library.db, Tenant(await make_domain(), "rival.example"))
    await rival.add("rival.md", SHOP)
    near = await store.nearest(library.tenant.domain_uuid, await wanted("horário", 10, hers))
    assert [one.document_uuid for one in near] == [mine]
    assert await store.nearest(library.tenant.domain_uuid, await wanted("horário", 10, other)) == ()


async def test_what_is_deleted_is_gone_from_a_store(
    store: VectorStore, library: Library, owner_connection: asyncpg.Connection
) -> None:
    await library.add("guia.md", SHOP)
    assert await store.nearest(library.tenant.domain_uuid, await wanted("horário"))
    await owner_connection.execute(
        "DELETE FROM v_voice_documents WHERE domain_uuid = $1", library.tenant.domain_uuid
    )
    assert await store.nearest(library.tenant.domain_uuid, await wanted("horário")) == ()


async def test_a_small_tenant_beside_a_large_one_finds_its_own(
    store: VectorStore, library: Library, make_domain: MakeDomain
) -> None:
    """The large tenant's chunks are all nearer: an index over all tenants meets them first."""
    large = Library(library.db, Tenant(await make_domain(), "large.example"))
    await large.add(
        "muitos.md", [("Horário", f"Horário de funcionamento {number}.") for number in range(600)]
    )
    await library.add("guia.md", SHOP)
    near = await store.nearest(library.tenant.domain_uuid, await wanted("Horário de funcionamento"))
    assert len(near) == 3


class TwoModels:
    """Embeddings of a domain that changes its model: which of them can still be asked."""

    def __init__(self, *models: str) -> None:
        self.models = models
        self.asked: list[str] = []
        self._hashing = HashingEmbeddings()

    async def embeddings(self, domain_uuid: UUID, /) -> TwoModels:
        return self

    async def embed(
        self, texts: Sequence[str], model: str | None = None, /, *, purpose: Purpose
    ) -> _Embedded:
        if model is not None and model not in self.models:
            raise NotFound("nobody has it", field="model")
        self.asked.append(model or self.models[0])
        return _Embedded(await self._hashing.embed(texts), self.asked[-1])


@pytest.mark.parametrize(
    ("can_be_asked", "redone", "asked"),
    [
        (("new", "old"), 1, "old"),
        (("new", "old"), 2, "new"),
        (("new",), 1, "new"),
        (("other",), 1, "other"),
    ],
)
async def test_while_a_model_takes_over_the_one_of_most_documents_answers(
    db: Database, library: Library, can_be_asked: tuple[str, ...], redone: int, asked: str
) -> None:
    for number in range(3):
        await library.add(f"{number}.md", SHOP, model="new" if number < redone else "old")
    models = TwoModels(*can_be_asked)
    async with aclosing(KnowledgeSearch(db, PgVectorStore(db), models)) as search:
        result = await search.search(library.tenant, "qual o horário de funcionamento")
    assert models.asked == [asked]
    assert result.model == asked
    assert any(hit.similarity is not None for hit in result.hits) == (asked != "other")
