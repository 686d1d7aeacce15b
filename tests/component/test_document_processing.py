"""Documents from upload to passages on a real PostgreSQL: versions, crashes, retries, models, and whose is what."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import MakeDomain
from tests.fakes import document_files as files
from tests.fakes.providers import down, link_to
from voice_ai_service.clock import SystemClock
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import (
    InvalidInput,
    LimitReached,
    NotFound,
    ProviderRefused,
    TooLarge,
    UnsupportedMedia,
)
from voice_ai_service.jobs.document_models import DocumentModels
from voice_ai_service.jobs.document_work import DocumentWorker, DocumentWorkOptions
from voice_ai_service.jobs.worker import Worker
from voice_ai_service.knowledge.chunking import ChunkSizes
from voice_ai_service.knowledge.document_jobs import (
    ClaimLost,
    DocumentClaim,
    DocumentJobs,
    EmbeddedChunks,
    NewVersion,
)
from voice_ai_service.knowledge.document_repository import DocumentRepository, UploadLimits
from voice_ai_service.knowledge.documents import Document, DocumentFilter, DocumentStatus, Upload
from voice_ai_service.knowledge.files.process import DocumentReader
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.knowledge.processing import MAX_TRIES, DocumentProcessing, Outcome
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.chains import EmbeddingChain
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.fallback import NobodyWatches
from voice_ai_service.tenancy.domains import Domains

pytestmark = pytest.mark.postgres

LIMITS = UploadLimits(max_bytes=1_000_000, max_documents=50)
OLD = "# Preços\n\nA consulta custa duzentos reais.\n"
NEW = "# Preços\n\nA consulta custa trezentos reais.\n\n# Horários\n\nAbrimos às oito.\n"


@dataclass
class CountingEmbeddings:
    """Unit vectors; fails or waits as the test says."""

    model: str = "first-model"
    dimension: int = 4
    texts: list[str] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.texts += texts
        return [[1.0] + [0.0] * (self.dimension - 1) for _ in texts]

    async def aclose(self) -> None:
        """Nothing to close."""


class Setup:
    """What a service and a worker have, in one process."""

    def __init__(self, db: Database, owner: asyncpg.Connection, root: Path, domain_uuid: UUID) -> None:
        self.db = db
        self.owner = owner
        self.root = root
        self.domain_uuid = domain_uuid
        self.clock = SystemClock()
        self.originals = Originals(root)
        self.documents = DocumentRepository(db, self.originals)
        self.jobs = DocumentJobs(db)
        self.engine = CountingEmbeddings()
        self.domains = Domains(db, self.clock, ttl_s=0)

    async def embeddings(self, domain_uuid: UUID) -> EmbeddingChain:
        link = link_to(self.engine, self.clock, model=self.engine.model)
        return EmbeddingChain(ProviderKind.EMBEDDINGS, (link,), self.clock, NobodyWatches())

    def processing(self) -> DocumentProcessing:
        return DocumentProcessing(
            self.jobs, self.documents, self.originals, DocumentReader(), self, self.domains, self.clock
        )

    async def upload(self, text: str | bytes, name: str = "preços.md", **more: object) -> Document:
        content = text.encode() if isinstance(text, str) else text
        accepted = await self.documents.accept(self.domain_uuid, Upload(name, content, **more), LIMITS)  # type: ignore[arg-type]
        return accepted.document

    async def claim(self) -> DocumentClaim:
        [claim] = [one for one in await self.jobs.claim(10) if one.domain_uuid == self.domain_uuid]
        return claim

    async def work(self) -> list[Outcome]:
        """Everything that is due, one after the other."""
        outcomes = []
        while claims := [one for one in await self.jobs.claim(10) if one.domain_uuid == self.domain_uuid]:
            outcomes += [await self.processing().process(claim) for claim in claims]
        return outcomes

    async def find(self, document: Document) -> Document:
        return await self.documents.find(self.domain_uuid, document.document_uuid)

    async def texts(self, document: Document) -> list[str]:
        found = await self.documents.chunks(self.domain_uuid, document.document_uuid, limit=200, offset=0)
        return [chunk.text for chunk in found]

    async def all_due(self) -> None:
        """Let leases and pauses be over."""
        await self.owner.execute(
            "UPDATE v_voice_document_jobs SET next_attempt_date = now(), claimed_until_date = NULL"
        )

    async def rows(self, table: str) -> int:
        return int(
            await self.owner.fetchval(
                f"SELECT count(*) FROM {table} WHERE domain_uuid = $1", self.domain_uuid
            )
        )

    def files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file()]


@pytest.fixture
async def setup(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain, tmp_path: Path
) -> Setup:
    await owner_connection.execute("DELETE FROM v_voice_documents")
    return Setup(db, owner_connection, tmp_path / "documents", await make_domain())


async def test_a_document_becomes_ready_with_chunks_vectors_and_its_original(setup: Setup) -> None:
    document = await setup.upload(OLD, "../../etc/preços\n.md")
    assert (document.status, document.name, document.answering_version) == (
        DocumentStatus.PENDING,
        "preços .md",
        None,
    )
    assert await setup.work() == [Outcome.READY]
    ready = await setup.find(document)
    assert (ready.status, ready.progress, ready.error, ready.answering_version) == (
        DocumentStatus.READY,
        100,
        None,
        1,
    )
    assert (ready.kind, ready.language, ready.embedding_model, ready.embedding_dimension) == (
        "md",
        "pt-BR",
        "first-model",
        4,
    )
    assert await setup.texts(document) == ["Preços\n\nA consulta custa duzentos reais."]
    row = await setup.owner.fetchrow(
        "SELECT chunk_heading, chunk_language, embedding_model, embedding::text, document_version FROM v_voice_chunks "
        "WHERE voice_document_uuid = $1",
        document.document_uuid,
    )
    assert tuple(row) == ("Preços", "pt-BR", "first-model", "[1,0,0,0]", 1)
    [kept] = setup.files()
    assert kept.read_text() == OLD
    assert kept.parent.parent.name == str(setup.domain_uuid)
    assert await setup.rows("v_voice_document_jobs") == 0


async def test_the_same_file_twice_is_one_document_whatever_it_is_called(setup: Setup) -> None:
    first = await setup.upload(OLD)
    waiting = await setup.documents.accept(setup.domain_uuid, Upload("other.md", OLD.encode()), LIMITS)
    assert (waiting.document.document_uuid, waiting.queued) == (first.document_uuid, False)
    await setup.work()
    again = await setup.documents.accept(setup.domain_uuid, Upload("PREÇOS.md", OLD.encode()), LIMITS)
    assert (again.document.document_uuid, again.queued) == (first.document_uuid, False)
    assert await setup.work() == []
    assert await setup.rows("v_voice_documents") == len(setup.files()) == 1


async def test_uploads_at_the_same_time_are_one_document(setup: Setup) -> None:
    made = await asyncio.gather(*(setup.upload(OLD) for _ in range(4)))
    assert len({document.document_uuid for document in made}) == 1
    assert await setup.rows("v_voice_documents") == len(setup.files()) == 1


async def test_a_changed_file_is_a_new_version_and_the_old_one_answers_until_it_is_ready(
    setup: Setup,
) -> None:
    document = await setup.upload(OLD)
    await setup.work()
    changed = await setup.upload(NEW, "Preços.md")
    assert changed.document_uuid == document.document_uuid
    assert (changed.status, changed.version, changed.answering_version) == (DocumentStatus.PENDING, 1, 1)
    setup.engine.gate = asyncio.Event()
    setup.engine.reached.clear()
    working = asyncio.ensure_future(setup.work())
    await setup.engine.reached.wait()
    assert await setup.texts(document) == ["Preços\n\nA consulta custa duzentos reais."]
    assert (await setup.find(document)).status is DocumentStatus.PROCESSING
    setup.engine.gate.set()
    assert await working == [Outcome.READY]
    assert (await setup.find(document)).answering_version == 2
    assert await setup.texts(document) == [
        "Preços\n\nA consulta custa trezentos reais.",
        "Horários\n\nAbrimos às oito.",
    ]
    assert await setup.rows("v_voice_chunks") == 2
    [kept] = setup.files()
    assert kept.read_text() == NEW


async def test_a_new_version_that_cannot_be_read_leaves_the_old_one_answering(setup: Setup) -> None:
    document = await setup.upload(files.pdf([[("A consulta custa duzentos reais.", files.BODY)]]), "p.pdf")
    await setup.work()
    await setup.upload(files.scanned_pdf(), "p.pdf")
    assert await setup.work() == [Outcome.ERROR]
    found = await setup.find(document)
    assert (found.status, found.answering_version) == (DocumentStatus.ERROR, 1)
    assert found.error is not None
    assert "OCR" in found.error
    assert await setup.texts(document) == ["A consulta custa duzentos reais."]
    assert await setup.rows("v_voice_document_jobs") == 1


async def test_a_document_that_cannot_be_read_says_why_and_may_be_replaced(setup: Setup) -> None:
    document = await setup.upload(files.encrypted_pdf("secret"), "contrato.pdf")
    assert await setup.work() == [Outcome.ERROR]
    found = await setup.find(document)
    assert (found.status, found.answering_version) == (DocumentStatus.ERROR, None)
    assert found.error == "The PDF is protected by a password. Save it without a password and upload it again"
    assert await setup.texts(document) == []
    replaced = await setup.upload(OLD, "contrato.pdf")
    assert (replaced.document_uuid, replaced.status, replaced.error) == (
        document.document_uuid,
        DocumentStatus.PENDING,
        None,
    )
    assert await setup.work() == [Outcome.READY]
    assert (await setup.find(document)).kind == "md"


async def test_a_crash_between_the_chunks_and_the_switch_leaves_the_old_version(setup: Setup) -> None:
    document = await setup.upload(OLD)
    await setup.work()
    await setup.upload(NEW)
    claim = await setup.claim()
    work = await setup.jobs.load(claim)
    found = await DocumentReader().read(
        setup.originals.path(setup.domain_uuid, document.document_uuid, work.ref),
        ChunkSizes(),
    )
    vectors = [[1.0, 0.0, 0.0, 0.0]] * len(found.chunks)
    await setup.jobs.add(claim, EmbeddedChunks(found.chunks, vectors, "pt-BR", "first-model"))
    # The process is gone here. Old and new chunks lie in the table; only the old are found.
    assert await setup.rows("v_voice_chunks") == 3
    assert await setup.texts(document) == ["Preços\n\nA consulta custa duzentos reais."]
    assert await setup.jobs.claim(10) == [], "its lease holds"
    await setup.all_due()
    assert await setup.work() == [Outcome.READY]
    assert (await setup.texts(document))[0] == "Preços\n\nA consulta custa trezentos reais."
    assert await setup.rows("v_voice_chunks") == 2


async def test_a_switch_that_breaks_off_leaves_the_old_version_whole(setup: Setup) -> None:
    document = await setup.upload(OLD)
    await setup.work()
    await setup.upload(NEW)
    await setup.owner.execute(
        "CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'crash'; END $$;"
        "CREATE TRIGGER break_off BEFORE DELETE ON v_voice_document_jobs FOR EACH ROW EXECUTE FUNCTION break_off()"
    )
    try:
        with pytest.raises(asyncpg.RaiseError):
            await setup.work()
    finally:
        await setup.owner.execute(
            "DROP TRIGGER break_off ON v_voice_document_jobs; DROP FUNCTION break_off()"
        )
    assert await setup.texts(document) == ["Preços\n\nA consulta custa duzentos reais."]
    assert (await setup.find(document)).answering_version == 1
    await setup.all_due()
    assert await setup.work() == [Outcome.READY]
    assert (await setup.find(document)).answering_version == 2


async def test_a_worker_that_slept_through_its_lease_changes_nothing(setup: Setup) -> None:
    document = await setup.upload(OLD)
    slow = await setup.claim()
    await setup.all_due()
    quick = await setup.claim()
    assert quick.attempt == slow.attempt + 1
    new = NewVersion("md", "pt-BR", "first-model", 4)
    for late in (
        setup.jobs.load(slow),
        setup.jobs.beat(slow, 50),
        setup.jobs.add(slow, EmbeddedChunks((), (), "pt-BR", "first-model")),
        setup.jobs.switch(slow, new),
    ):
        with pytest.raises(ClaimLost):
            await late
    await setup.jobs.fail(slow, "late")
    await setup.jobs.release(slow)
    assert await setup.processing().process(slow) is Outcome.LOST
    assert await setup.processing().process(quick) is Outcome.READY
    assert (await setup.find(document)).status is DocumentStatus.READY


async def test_a_newer_file_stops_the_work_on_the_older(setup: Setup) -> None:
    setup.engine.gate = asyncio.Event()
    document = await setup.upload(OLD)
    working = asyncio.ensure_future(setup.processing().process(await setup.claim()))
    await setup.engine.reached.wait()
    await setup.upload(NEW)
    setup.engine.gate.set()
    assert await working is Outcome.LOST
    assert await setup.work() == [Outcome.READY]
    assert len(await setup.texts(document)) == await setup.rows("v_voice_chunks") == 2


async def test_a_document_deleted_while_it_is_worked_on_stays_deleted(setup: Setup) -> None:
    setup.engine.gate = asyncio.Event()
    document = await setup.upload(OLD)
    working = asyncio.ensure_future(setup.processing().process(await setup.claim()))
    await setup.engine.reached.wait()
    await setup.documents.delete(setup.domain_uuid, document.document_uuid)
    setup.engine.gate.set()
    assert await working is Outcome.LOST
    assert setup.files() == []
    for table in ("v_voice_documents", "v_voice_chunks", "v_voice_document_jobs"):
        assert await setup.rows(table) == 0
    with pytest.raises(NotFound):
        await setup.find(document)


async def test_a_passing_error_is_tried_again_until_it_has_passed(setup: Setup) -> None:
    document = await setup.upload(OLD)
    setup.engine.error = down()
    assert await setup.work() == [Outcome.RETRY]
    found = await setup.find(document)
    assert (found.status, found.error is not None) == (DocumentStatus.PENDING, True)
    assert await setup.work() == [], "there is a pause first"
    setup.engine.error = None
    await setup.all_due()
    assert await setup.work() == [Outcome.READY]
    assert (await setup.find(document)).error is None


async def test_an_error_that_does_not_pass_ends_after_so_many_tries(setup: Setup) -> None:
    document = await setup.upload(OLD)
    setup.engine.error = down()
    outcomes: list[Outcome] = []
    for _ in range(MAX_TRIES + 2):
        outcomes += await setup.work()
        await setup.all_due()
    assert outcomes == [Outcome.RETRY] * (MAX_TRIES - 1) + [Outcome.ERROR]
    setup.engine.error = None
    assert await setup.documents.reindex(setup.domain_uuid, document.document_uuid) == 1
    assert (await setup.find(document)).status is DocumentStatus.PENDING
    assert await setup.work() == [Outcome.READY]


async def test_a_document_that_kills_its_worker_comes_to_an_end(setup: Setup) -> None:
    document = await setup.upload(OLD)
    for _ in range(MAX_TRIES):
        await setup.claim()
        await setup.all_due()
    assert await setup.work() == [Outcome.ERROR]
    found = await setup.find(document)
    assert found.status is DocumentStatus.ERROR
    assert found.error is not None
    assert "broke off" in found.error


async def test_a_refusal_of_the_embeddings_says_what_to_do(setup: Setup) -> None:
    document = await setup.upload(OLD)
    setup.engine.error = ProviderRefused("The key was refused", provider="scripted", detail="sk-123")
    assert await setup.work() == [Outcome.ERROR]
    error = (await setup.find(document)).error
    assert error is not None
    assert "embeddings provider" in error
    assert "sk-123" not in error


async def test_another_model_reindexes_in_the_background_while_the_old_vectors_answer(setup: Setup) -> None:
    document = await setup.upload(OLD)
    await setup.work()
    models = DocumentModels(setup.jobs, setup.documents, setup)
    assert await models.follow() == 0
    setup.engine = CountingEmbeddings(model="second-model", dimension=6)
    assert await models.follow() == 1
    assert await models.follow() == 0, "it is queued already"
    assert (await setup.find(document)).embedding_model == "first-model"
    assert await setup.texts(document) == ["Preços\n\nA consulta custa duzentos reais."]
    assert await setup.work() == [Outcome.READY]
    found = await setup.find(document)
    assert (found.embedding_model, found.embedding_dimension, found.answering_version) == (
        "second-model",
        6,
        2,
    )
    row = await setup.owner.fetchrow("SELECT embedding_model, embedding::text FROM v_voice_chunks")
    assert tuple(row) == ("second-model", "[1,0,0,0,0,0]")
    assert await models.follow() == 0


async def test_a_domain_decides_how_its_documents_are_cut(setup: Setup) -> None:
    long = " ".join(f"Esta é a frase número {n} do regulamento da clínica." for n in range(200))
    document = await setup.upload(long, "regulamento.txt")
    await setup.work()
    before = await setup.texts(document)
    await setup.domains.put_setting(setup.domain_uuid, "chunk_tokens", 100)
    await setup.domains.put_setting(setup.domain_uuid, "overlap_tokens", 0)
    assert await setup.documents.reindex(setup.domain_uuid) == 1
    await setup.work()
    after = await setup.texts(document)
    assert len(after) > 5 * len(before)
    assert " ".join(after) == long


async def test_documents_of_one_secretary_are_its_own(setup: Setup) -> None:
    secretary = await setup.owner.fetchval(
        "INSERT INTO v_voice_secretaries (domain_uuid, secretary_name, secretary_extension) VALUES ($1, 'Ana', '8000') "
        "RETURNING voice_secretary_uuid",
        setup.domain_uuid,
    )
    everybodys = await setup.upload(OLD)
    hers = await setup.upload(OLD, secretary_uuid=secretary)
    assert everybodys.document_uuid != hers.document_uuid
    page = await setup.documents.page(setup.domain_uuid, DocumentFilter(secretary_uuid=secretary))
    assert page.total == 2
    assert (await setup.documents.page(setup.domain_uuid, DocumentFilter(secretary_uuid=uuid4()))).total == 1
    with pytest.raises(NotFound):
        await setup.upload(NEW, secretary_uuid=uuid4())


async def test_what_another_domain_has_is_not_there(setup: Setup, make_domain: MakeDomain) -> None:
    document = await setup.upload(OLD)
    await setup.work()
    stranger = await make_domain()
    for attempt in (
        setup.documents.find(stranger, document.document_uuid),
        setup.documents.original(stranger, document.document_uuid),
        setup.documents.delete(stranger, document.document_uuid),
        setup.documents.reindex(stranger, document.document_uuid),
        setup.documents.chunks(stranger, document.document_uuid, limit=5, offset=0),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await setup.documents.page(stranger, DocumentFilter())).total == 0
    assert await setup.documents.delete_all(stranger) == 0
    other = await setup.documents.accept(stranger, Upload("preços.md", OLD.encode()), LIMITS)
    assert other.document.document_uuid != document.document_uuid
    assert len(await setup.texts(document)) == 1


async def test_deleting_all_leaves_nothing(setup: Setup) -> None:
    for n in range(3):
        await setup.upload(f"# Documento {n}\n\nTexto número {n}.", f"{n}.md")
    await setup.work()
    assert await setup.documents.delete_all(setup.domain_uuid) == 3
    assert setup.files() == []
    assert await setup.rows("v_voice_chunks") == await setup.rows("v_voice_documents") == 0


async def test_limits(setup: Setup) -> None:
    with pytest.raises(TooLarge, match="larger"):
        await setup.documents.accept(setup.domain_uuid, Upload("a.txt", b"x" * 11), UploadLimits(10, 5))
    for content, kind in (
        (b"", InvalidInput),
        (b" \n ", InvalidInput),
        (files.program(), UnsupportedMedia),
        (files.picture(), UnsupportedMedia),
        (files.old_word_document(), UnsupportedMedia),
    ):
        with pytest.raises(kind):
            await setup.upload(content, "prices.pdf")
    one = UploadLimits(1000, 1)
    await setup.documents.accept(setup.domain_uuid, Upload("a.md", OLD.encode()), one)
    with pytest.raises(LimitReached, match="1 documents"):
        await setup.documents.accept(setup.domain_uuid, Upload("b.md", NEW.encode()), one)
    await setup.documents.accept(setup.domain_uuid, Upload("a.md", NEW.encode()), one)  # its next version
    assert await setup.rows("v_voice_documents") == len({path.parent for path in setup.files()}) == 1


async def test_a_file_without_a_document_is_swept_and_one_with_it_is_kept(setup: Setup) -> None:
    document = await setup.upload(OLD)
    orphan = uuid4()
    setup.originals.write(setup.domain_uuid, orphan, "a" * 64, b"left by a crash")
    setup.originals.write(setup.domain_uuid, document.document_uuid, "b" * 64, b"of a version that is gone")
    await setup.documents.tidy(setup.domain_uuid, orphan)
    await setup.documents.tidy(setup.domain_uuid, document.document_uuid)
    [kept] = setup.files()
    assert kept.read_text() == OLD


async def test_a_missing_file_says_so(setup: Setup) -> None:
    document = await setup.upload(OLD)
    for path in setup.files():
        path.unlink()
    assert await setup.work() == [Outcome.ERROR]
    assert "upload the document again" in str((await setup.find(document)).error)


async def test_each_tenant_has_its_turn(setup: Setup, make_domain: MakeDomain) -> None:
    for n in range(4):
        await setup.upload(f"# Documento {n}\n\nTexto.", f"{n}.md")
    stranger = await make_domain()
    await setup.documents.accept(stranger, Upload("a.md", NEW.encode()), LIMITS)
    claims = await setup.jobs.claim(10)
    assert {claim.domain_uuid for claim in claims} == {setup.domain_uuid, stranger}
    assert len(claims) == 2
    assert await setup.jobs.claim(10, [setup.domain_uuid]) == []
    assert len(await setup.jobs.claim(10)) == 1


async def test_a_worker_that_stops_puts_back_what_it_has_begun_and_another_goes_on(setup: Setup) -> None:
    document = await setup.upload(OLD)
    setup.engine.gate = asyncio.Event()
    first = _worker(setup)
    running = asyncio.ensure_future(first.run())
    await setup.engine.reached.wait()
    first.stop()
    await running
    row = await setup.owner.fetchrow(
        "SELECT job_status, attempt_count, claimed_until_date FROM v_voice_document_jobs"
    )
    assert tuple(row) == ("pending", 0, None)
    setup.engine.gate = None
    second = _worker(setup)
    running = asyncio.ensure_future(second.run())
    while (await setup.find(document)).status is not DocumentStatus.READY:
        await asyncio.sleep(0.02)
    second.stop()
    await running


def _worker(setup: Setup) -> Worker:
    options = DocumentWorkOptions(poll_s=0.02)
    return Worker(
        [DocumentWorker(setup.jobs, setup.processing(), Metrics(), options, random=Random(1))], setup.clock
    )
