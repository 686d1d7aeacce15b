"""Documents over HTTP, on the platform as it is shipped: from the upload to the chunks, and through a kill."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.service_process import ServiceProcess
from tests.component.api.tenants import TenantSetUp, make_tenant
from tests.fakes import document_files as files

PRICES = "# Preços\n\nA consulta custa trezentos reais.\n"
READY_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def library(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    return make_tenant(owner, pbx, "library.example")


@pytest.fixture(autouse=True)
def empty(library: TenantSetUp) -> Iterator[None]:
    yield
    library.admin.ok("DELETE", "/documents", params={"confirm": library.name})


def upload(api: ApiClient, content: str | bytes, file_name: str = "preços.md", **form: str) -> dict[str, Any]:
    response = api.send("POST", "/documents", files={"file": (file_name, content)}, data=form)
    assert response.status_code in (200, 202), response.text
    document: dict[str, Any] = response.json()
    return document


def settled(api: ApiClient, document: dict[str, Any], within_s: float = READY_WITHIN_S) -> dict[str, Any]:
    """The document once nothing is done to it any more."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        found: dict[str, Any] = api.get(f"/documents/{document['document_uuid']}")
        if found["status"] in ("ready", "error"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"not settled within {within_s} s: {found}")


def chunks(api: ApiClient, document: dict[str, Any], **page: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/documents/{document['document_uuid']}/chunks", **page)["chunks"]
    return found


def test_a_document_from_upload_to_its_chunks_and_back(library: TenantSetUp) -> None:
    api = library.admin
    response = api.send("POST", "/documents", files={"file": ("preços.md", PRICES)})
    assert response.status_code == 202
    sent = response.json()
    assert sent["status"] in ("pending", "processing")
    ready = settled(api, sent)
    assert (ready["status"], ready["progress"], ready["error"]) == ("ready", 100, None)
    assert (ready["kind"], ready["language"], ready["chunk_count"]) == ("md", "pt-BR", 1)
    [chunk] = chunks(api, ready)
    assert (chunk["text"], chunk["heading"]) == ("Preços\n\nA consulta custa trezentos reais.", "Preços")
    again = api.send("POST", "/documents", files={"file": ("preços.md", PRICES)})
    assert (again.status_code, again.json()["document_uuid"]) == (200, sent["document_uuid"])
    listed = api.get("/documents")
    assert (listed["total"], listed["documents"][0]["document_uuid"]) == (1, sent["document_uuid"])


def test_lists_are_filtered_and_come_in_pages(library: TenantSetUp) -> None:
    api = library.admin
    for number in range(3):
        settled(api, upload(api, f"# Tema {number}\n\nTexto do tema.", f"tema {number}.md"))
    bad = settled(api, upload(api, files.scanned_pdf(), "foto.pdf"))
    assert (bad["status"], bad["answering_version"]) == ("error", None)
    assert "OCR" in bad["error"]
    assert [one["name"] for one in api.get("/documents", status="error")["documents"]] == ["foto.pdf"]
    assert [one["name"] for one in api.get("/documents", name="TEMA 1")["documents"]] == ["tema 1.md"]
    page = api.get("/documents", limit=2, offset=1)
    assert (page["total"], [one["name"] for one in page["documents"]]) == (4, ["tema 2.md", "tema 1.md"])
    assert_error(api.send("GET", "/documents", params={"status": "gone"}), 400, field="status")
    assert_error(api.send("GET", "/documents", params={"limit": 0}), 400, field="limit")


def test_chunks_come_in_pages(library: TenantSetUp) -> None:
    text = "\n\n".join(f"# Item {number}\n\nTexto do item número {number}." for number in range(7))
    document = settled(library.admin, upload(library.admin, text, "itens.md"))
    assert document["chunk_count"] == 7
    page = chunks(library.admin, document, limit=3, offset=3)
    assert [chunk["index"] for chunk in page] == [3, 4, 5]
    assert [chunk["heading"] for chunk in page] == ["Item 3", "Item 4", "Item 5"]


@pytest.mark.parametrize(
    ("name", "content", "status", "word"),
    [
        ("prices.pdf", files.program(), 415, "program"),
        ("prices.docx", files.picture(), 415, "picture"),
        ("prices.docx", files.zipped({"a.txt": b"x"}), 415, "ZIP"),
        ("prices.txt", b"", 400, "empty"),
        ("prices.docx", files.zip_bomb(), 400, "unpacks"),
        ("prices.doc", files.old_word_document(), 415, "Office"),
        ("prices.pdf", b"x" * (20 * 1024 * 1024 + 1), 413, "larger"),
    ],
    ids=["program", "picture", "zip", "empty", "bomb", "old word", "oversize"],
)
def test_what_is_no_document_is_refused_at_the_door(
    library: TenantSetUp, name: str, content: bytes, status: int, word: str
) -> None:
    response = library.admin.send("POST", "/documents", files={"file": (name, content)})
    error = assert_error(response, status, field="file")
    assert word in error["message"]
    assert error["fix"]
    assert library.admin.get("/documents")["total"] == 0


def test_macros_are_refused(library: TenantSetUp) -> None:
    plain = files.word(lambda document: document.add_paragraph("Texto"))
    hidden = files.repacked(plain, add={"word/vbaProject.bin": b"macro"})
    for content in (hidden, _renamed_macro_document(plain)):
        error = assert_error(
            library.admin.send("POST", "/documents", files={"file": ("a.docx", content)}), 415, field="file"
        )
        assert "macros" in error["message"]


def _renamed_macro_document(plain: bytes) -> bytes:
    types = b'<Types><Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'
    return files.repacked(plain, add={"[Content_Types].xml": types})


def test_the_forms_fields_are_checked(library: TenantSetUp) -> None:
    api = library.admin
    for form, status, field in (
        ({"language": "xx"}, 400, "language"),
        ({"secretary_uuid": "nobody"}, 400, "secretary_uuid"),
        ({"secretary_uuid": "11111111-1111-4111-8111-111111111111"}, 404, "secretary_uuid"),
    ):
        response = api.send("POST", "/documents", files={"file": ("a.md", PRICES)}, data=form)
        assert_error(response, status, field=field)
    assert_error(api.send("POST", "/documents", data={"language": "en"}), 400, field="file")
    english = settled(api, upload(api, PRICES, language="en"))
    assert english["language"] == "en"
    assert [chunk["language"] for chunk in chunks(api, english)] == ["en"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\preços.md", "preços.md"),
        ('a"b\r\nSet-Cookie: x=1.md', "ab Set-Cookie x=1.md"),
        ("prix ☃.md", "prix ☃.md"),
    ],
)
def test_a_files_name_is_only_a_name(library: TenantSetUp, name: str, kept: str) -> None:
    document = upload(library.admin, PRICES, "x.md", name=name)
    assert document["name"] == kept
    response = library.admin.send("GET", f"/documents/{document['document_uuid']}/download")
    assert response.content == PRICES.encode()
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    assert disposition.isascii()
    assert "set-cookie" not in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"


def test_another_model_or_size_needs_no_new_upload(library: TenantSetUp) -> None:
    text = " ".join(f"Esta é a frase número {number} do regulamento." for number in range(100))
    document = settled(library.admin, upload(library.admin, text, "regulamento.txt"))
    library.admin.put("/settings/chunk_tokens", {"value": 100})
    try:
        response = library.admin.send("POST", f"/documents/{document['document_uuid']}/reindex")
        assert response.status_code == 202
        assert response.json()["answering_version"] == 1
        after = settled(library.admin, document)
    finally:
        library.admin.put("/settings/chunk_tokens", {"value": 1000})
    assert after["answering_version"] == 2
    assert after["chunk_count"] > document["chunk_count"]
    assert library.admin.ok("POST", "/documents/reindex") == {"queued": 1}


def test_a_deleted_document_is_gone_with_its_file_and_chunks(
    library: TenantSetUp, owner: Owner, platform: Platform
) -> None:
    document = settled(library.admin, upload(library.admin, PRICES))
    uuid = document["document_uuid"]
    folder = platform.service.data_dir / "documents" / str(library.domain_uuid)
    assert [path for path in folder.rglob("*") if path.is_file()]
    assert library.admin.send("DELETE", f"/documents/{uuid}").status_code == 204
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert owner.value("SELECT count(*) FROM v_voice_chunks WHERE voice_document_uuid = $1", UUID(uuid)) == 0
    for verb, path in (
        ("GET", ""),
        ("GET", "/chunks"),
        ("GET", "/download"),
        ("DELETE", ""),
        ("POST", "/reindex"),
    ):
        assert_error(library.admin.send(verb, f"/documents/{uuid}{path}"), 404, field="document_uuid")


def test_all_documents_go_only_when_it_is_meant(library: TenantSetUp) -> None:
    upload(library.admin, PRICES)
    assert_error(library.admin.send("DELETE", "/documents"), 400, field="confirm")
    assert library.admin.ok("DELETE", "/documents", params={"confirm": library.name}) == {"deleted": 1}


def test_a_domain_has_so_many_documents_and_no_more(library: TenantSetUp) -> None:
    library.operator.put("/settings/max_documents", {"value": 1})
    try:
        upload(library.admin, PRICES, "a.md")
        response = library.admin.send("POST", "/documents", files={"file": ("b.md", "# Outro\n\nTexto.")})
        assert_error(response, 429, code="limit_reached")
    finally:
        library.operator.put("/settings/max_documents", {"value": 1000})


def test_three_hundred_pages_are_ready_within_a_minute(library: TenantSetUp) -> None:
    began = time.monotonic()
    document = settled(library.admin, upload(library.admin, files.pdf(files.manual_pages(300)), "manual.pdf"))
    assert document["status"] == "ready", document["error"]
    assert time.monotonic() - began < 60
    assert document["chunk_count"] >= 300
    last = chunks(library.admin, document, limit=1, offset=document["chunk_count"] - 1)
    assert last[0]["page"] == 300
    assert last[0]["heading"].startswith("Capítulo 300")


def test_a_killed_service_goes_on_where_it_was_and_the_old_version_answers_meanwhile(
    library: TenantSetUp, platform: Platform
) -> None:
    api = library.admin
    before = settled(api, upload(api, files.pdf(files.manual_pages(2)), "manual.pdf"))
    upload(api, files.pdf(files.manual_pages(250, seed=2)), "manual.pdf")
    while api.get(f"/documents/{before['document_uuid']}")["status"] != "processing":
        time.sleep(0.01)
    service: ServiceProcess = platform.service
    service.kill()
    service.start()
    found = api.get(f"/documents/{before['document_uuid']}")
    assert (found["status"], found["answering_version"]) == ("processing", 1)
    assert [chunk["chunk_uuid"] for chunk in chunks(api, before)]
    assert found["chunk_count"] == before["chunk_count"]
    after = settled(api, before, within_s=90)
    assert (after["status"], after["answering_version"]) == ("ready", 2)
    assert after["chunk_count"] >= 250
