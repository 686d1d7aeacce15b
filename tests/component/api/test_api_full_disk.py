"""Where nothing can be written any more the call goes on: audio travels inside the answers, and is not kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.conftest import Platform
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall, heard_in, inline
from tests.component.api.tenants import CLARA, TenantSetUp, add_destination, add_secretary, make_tenant
from tests.component.api.voices import CallerVoice

ASKS_PRICE = "quanto custa a consulta"


@pytest.fixture
def tenant(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    """A domain that keeps its calls' audio."""
    tenant = make_tenant(owner, pbx, f"disk-{os.urandom(3).hex()}.example")
    add_destination(tenant, "recepção", "2000")
    add_secretary(tenant, "8000", {**CLARA, "record_calls": True})
    return tenant


@pytest.fixture
def folder(tenant: TenantSetUp, platform: Platform) -> Path:
    """Where the domain's calls have their folders."""
    return platform.shared_audio / str(tenant.domain_uuid)


@pytest.fixture
def full_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own for the domain, with nothing free on it."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a file system here")
    try:
        with pytest.raises(OSError, match="No space left"):
            _fill(folder / "full")
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_replies_travel_inside_the_answers(tenant: TenantSetUp, full_disk: Path, caller: CallerVoice) -> None:
    call = PhoneCall(tenant.admin, transport="shared").answer()
    assert call.opened["audio"]["file"] is None
    assert call.hears(call.opened["audio"]).duration_ms > 1000
    answer = call.say(caller.says(ASKS_PRICE))
    assert (answer["heard"], answer["audio"]["file"]) == (ASKS_PRICE, None)
    assert heard_in(answer["audio"]).duration_ms > 1000
    detail = tenant.admin.get(f"/conversations/{call.end()}")
    assert detail["turn_count"] == 1
    assert [message["audio_ref"] for message in detail["messages"] if message["speaker"] == "caller"] == [
        None
    ]
    assert (full_disk / "full").exists()


def test_a_message_is_kept_in_words_where_its_audio_cannot_be(
    tenant: TenantSetUp, full_disk: Path, caller: CallerVoice
) -> None:
    call = PhoneCall(tenant.admin).answer()
    call.press("9")
    assert call.say(caller.says(ASKS_PRICE))["action"]["reason"] == "message_taken"
    detail = tenant.admin.get(f"/conversations/{call.end('secretary_hangup')}")
    assert (detail["resolution"], detail["message_audio_ref"]) == ("message", None)
    assert detail["message_text"]


def test_a_folder_that_cannot_even_be_made(tenant: TenantSetUp, folder: Path, caller: CallerVoice) -> None:
    folder.write_text("in the way")
    call = PhoneCall(tenant.admin, transport="shared").answer()
    assert call.opened["folder"] is None
    assert call.next_turn(audio=inline(caller.says(ASKS_PRICE)))["said"].startswith("A consulta custa")
    assert tenant.admin.get(f"/conversations/{call.end()}")["turn_count"] == 1
    folder.unlink()


def test_what_could_not_be_kept_is_counted(tenant: TenantSetUp, full_disk: Path, caller: CallerVoice) -> None:
    call = PhoneCall(tenant.admin, transport="shared").answer()
    call.say(caller.says(ASKS_PRICE))
    call.end()
    text = tenant.admin.http.get("/metrics", headers={"Authorization": f"Bearer {tenant.admin.token}"}).text
    for reason in ("reply", "utterance"):
        assert f'voice_ai_audio_store_errors_total{{reason="{reason}"}}' in text


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
