"""Every page on a real FusionPBX: no complaint of PHP, nothing that an administrator typed becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.fusionpbx.admin import Admin

PAGES = [
    "voice_secretaries.php",
    "voice_secretary_edit.php",
    "voice_conversations.php",
    "voice_live_calls.php",
    "voice_documents.php",
    "voice_transfer_destinations.php",
    "voice_transfer_destination_edit.php",
    "voice_transfer_rules.php",
    "voice_transfer_rule_edit.php",
    "voice_providers.php",
    "voice_provider_edit.php",
    "voice_webhooks.php",
    "voice_webhook_edit.php?kind=omniplay",
    "voice_deliveries.php",
    "voice_reports.php?days=7",
    "voice_try.php",
    "voice_settings.php",
]
HOSTILE = "<script>alert('x')</script> \"q\" ${system(id)} & Ção"
ODD_QUERIES = (
    "?search=%27%22%3C%25&order_by=x%27;--&order=zz&page=-1&show=all&from=x&number=%27&secretary[]=1&id[]=2"
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_complaint(owner: Admin, page: str) -> None:
    text = owner.page(page)
    assert "voice_tabs" in text
    assert "access denied" not in text


@pytest.mark.parametrize("page", [page for page in PAGES if "?" not in page])
def test_a_page_with_odd_parameters(owner: Admin, page: str) -> None:
    assert "syntax error" not in owner.page(page + ODD_QUERIES)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_gets_in_without_logging_in(owner: Admin, page: str) -> None:
    with type(owner.http)(base_url=owner.http.base_url, follow_redirects=True) as stranger:
        text = stranger.get(f"/app/voice_secretary/{page}").text
    assert "voice_tabs" not in text


@pytest.fixture(scope="module")
def secretary(owner: Admin) -> Iterator[tuple[str, str]]:
    """One with a hostile name; its uuid and its number."""
    number = f"9{uuid4().int % 10**9:09d}"
    fields = {"secretary_name": HOSTILE, "secretary_extension": number, "secretary_enabled": "true"}
    owner.post(
        "voice_secretary_edit.php",
        {**fields, "language": "pt-BR", "greeting_pt-BR": HOSTILE, "persona": HOSTILE},
    )
    uuid = owner.uuids(f"voice_secretaries.php?search={number}")[HOSTILE]
    yield uuid, number
    delete = {
        "action": "delete",
        "voice_secretaries[0][checked]": "true",
        "voice_secretaries[0][uuid]": uuid,
    }
    owner.post("voice_secretaries.php", delete)
    assert owner.uuids(f"voice_secretaries.php?search={number}") == {}


def test_every_text_survives_and_none_becomes_markup(owner: Admin, secretary: tuple[str, str]) -> None:
    path = f"voice_secretary_edit.php?id={secretary[0]}"
    fields = owner.fields(path)
    assert fields["secretary_name"] == fields["greeting_pt-BR"] == fields["persona"] == HOSTILE
    for page in (
        path,
        f"voice_secretaries.php?search={secretary[1]}",
        f"voice_secretary_versions.php?id={secretary[0]}",
    ):
        assert "<script>alert" not in owner.page(page)


def test_saving_it_again_and_changing_it(owner: Admin, secretary: tuple[str, str]) -> None:
    path = f"voice_secretary_edit.php?id={secretary[0]}"
    before = owner.fields(path)
    owner.post(path, {**before, "secretary_enabled": "true", "language": "pt-BR"})
    assert owner.fields(path) == before
    owner.post(path, {**before, "secretary_enabled": "true", "secretary_description": "depois"})
    assert owner.fields(path)["secretary_description"] == "depois"


def test_a_number_that_is_taken_is_refused(owner: Admin, secretary: tuple[str, str]) -> None:
    fields = {"secretary_name": "Segunda", "secretary_extension": secretary[1], "secretary_enabled": "true"}
    owner.post("voice_secretary_edit.php", fields)
    assert "Segunda" not in owner.uuids(f"voice_secretaries.php?search={secretary[1]}")


def test_it_is_a_destination_wherever_fusionpbx_offers_them(owner: Admin, secretary: tuple[str, str]) -> None:
    assert f"transfer:{secretary[1]} XML " in owner.page("voice_transfer_destination_edit.php")


def test_a_post_without_its_token_changes_nothing(owner: Admin, secretary: tuple[str, str]) -> None:
    path = f"voice_secretary_edit.php?id={secretary[0]}"
    before = owner.fields(path)
    owner.post_as_is(path, {**before, "secretary_name": "sem token"})
    owner.post_as_is(path, {**before, "secretary_name": "sem token", "a" * 64: "b" * 64})
    assert owner.fields(path) == before


def test_a_number_that_is_none_of_the_domains_destinations_is_refused(owner: Admin) -> None:
    forged = {
        "destination_name": f"x{uuid4()}",
        "destination_picked": "transfer:666 XML default",
        "destination_enabled": "true",
    }
    owner.post("voice_transfer_destination_edit.php", forged)
    injected = {**forged, "destination_picked": "", "destination_external": "1 XML default;system"}
    owner.post("voice_transfer_destination_edit.php", injected)
    assert forged["destination_name"] not in owner.uuids("voice_transfer_destinations.php")
