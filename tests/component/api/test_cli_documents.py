"""`voice-ai docs` as an operator types it, against the database of the running platform."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.service_process import COMMAND
from tests.component.api.tenants import TenantSetUp, make_tenant
from tests.fakes import document_files as files


@pytest.fixture(scope="module")
def shelf(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    return make_tenant(owner, pbx, "shelf.example")


def docs(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "VOICE_AI_DATA_DIR": str(platform.service.data_dir),
        "VOICE_AI_DATABASE_URL": platform.database.service,
        "VOICE_AI_OWNER_DATABASE_URL": platform.database.owner,
    }
    return subprocess.run(
        [COMMAND, "docs", *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_documents_are_added_listed_reindexed_and_purged(
    platform: Platform, shelf: TenantSetUp, tmp_path: Path
) -> None:
    prices, photo, program = tmp_path / "preços.md", tmp_path / "foto.pdf", tmp_path / "app.pdf"
    prices.write_text("# Preços\n\nA consulta custa trezentos reais.\n")
    photo.write_bytes(files.scanned_pdf())
    program.write_bytes(files.program())
    domain = ("--domain", shelf.name)

    added = docs(platform, "add", *domain, "--wait", "--lang", "pt-BR", str(prices))
    assert added.returncode == 0, added.stderr
    assert "  ready  1 chunks  pt-BR  preços.md" in added.stdout

    failed = docs(platform, "add", *domain, "--wait", str(photo), str(program), str(prices))
    assert failed.returncode == 1
    assert "OCR" in failed.stdout
    assert "app.pdf: The file is a program" in failed.stderr

    listed = docs(platform, "list", *domain, "--json")
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(one["name"], one["status"]) for one in found] == [("foto.pdf", "error"), ("preços.md", "ready")]

    again = docs(platform, "reindex", *domain, "--wait", found[1]["document_uuid"])
    assert again.returncode == 0, again.stderr
    assert shelf.admin.get(f"/documents/{found[1]['document_uuid']}")["answering_version"] == 2

    purged = docs(platform, "purge", *domain, "--yes")
    assert purged.stdout == "2 deleted\n"
    assert shelf.admin.get("/documents")["total"] == 0
    assert not (platform.service.data_dir / "documents" / str(shelf.domain_uuid)).exists()


def test_a_domain_and_a_secretary_that_are_not_there_are_named(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# A\n\nTexto.")
    nowhere = docs(platform, "add", "--domain", "nowhere.example", str(file))
    assert (nowhere.returncode, "--domain" in nowhere.stderr) == (1, True)
    assert "Traceback" not in nowhere.stderr


def test_a_secretary_is_named_by_its_extension(
    platform: Platform, clinic: TenantSetUp, tmp_path: Path
) -> None:
    file = tmp_path / "só da Clara.md"
    file.write_text("# Só dela\n\nTexto só da Clara.")
    added = docs(platform, "add", "--domain", clinic.name, "--secretary", "8000", "--wait", str(file))
    assert added.returncode == 0, added.stderr
    [document] = clinic.admin.get("/documents", name="só da Clara")["documents"]
    assert document["secretary_uuid"] == clinic.ids["secretary:8000"]
    clinic.admin.ok("DELETE", f"/documents/{document['document_uuid']}")
    unknown = docs(platform, "add", "--domain", clinic.name, "--secretary", "9999", str(file))
    assert (unknown.returncode, "--secretary" in unknown.stderr) == (1, True)
