"""The administrator of another domain, with every uuid of the first in hand, reads and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.fusionpbx.admin import Admin


@dataclass(frozen=True)
class Records:
    """The first domain's: uuids by what they are, and a word that only they contain."""

    word: str
    secretary: str
    destination: str
    rule: str


EDIT_PAGES = {
    "secretary": ("voice_secretary_edit.php", "secretary_name"),
    "destination": ("voice_transfer_destination_edit.php", "destination_name"),
    "rule": ("voice_transfer_rule_edit.php", "rule_intent"),
}
LISTS = {
    "secretary": "voice_secretaries",
    "destination": "voice_transfer_destinations",
    "rule": "voice_transfer_rules",
}


@pytest.fixture(scope="module")
def records(owner: Admin) -> Iterator[Records]:
    word = f"segredo{uuid4().hex[:8]}"
    number = f"9{uuid4().int % 10**9:09d}"
    owner.post(
        "voice_secretary_edit.php",
        {"secretary_name": word, "secretary_extension": number, "secretary_enabled": "true", "persona": word},
    )
    secretary = owner.uuids(f"voice_secretaries.php?search={word}")[word]
    destination_fields = {
        "destination_name": word,
        "destination_external": "5511999990000",
        "destination_enabled": "true",
    }
    owner.post("voice_transfer_destination_edit.php", destination_fields)
    destination = owner.uuids(f"voice_transfer_destinations.php?search={word}")[word]
    rule_fields = {"rule_intent": word, "rule_phrases": word, "voice_transfer_destination_uuid": destination}
    owner.post("voice_transfer_rule_edit.php", {**rule_fields, "rule_enabled": "true"})
    rule = owner.uuids(f"voice_transfer_rules.php?search={word}")[word]
    made = Records(word, secretary, destination, rule)
    yield made
    for kind in ("rule", "destination", "secretary"):
        list_action(owner, kind, "delete", getattr(made, kind))


def list_action(admin: Admin, kind: str, action: str, uuid: str) -> None:
    rows = LISTS[kind]
    fields = {"action": action, f"{rows}[0][checked]": "true", f"{rows}[0][uuid]": uuid}
    admin.post(f"{rows}.php", fields)


def state_of(owner: Admin, records: Records) -> dict[str, dict[str, str]]:
    return {
        kind: owner.fields(f"{page}?id={getattr(records, kind)}") for kind, (page, _) in EDIT_PAGES.items()
    }


@pytest.mark.parametrize("kind", EDIT_PAGES)
def test_it_is_not_read(rival: Admin, records: Records, kind: str) -> None:
    for page in (
        f"{EDIT_PAGES[kind][0]}?id={getattr(records, kind)}",
        f"{LISTS[kind]}.php?search={records.word}&show=all",
    ):
        assert records.word not in rival.page(page).replace(f"search={records.word}", "").replace(
            f'value="{records.word}"', ""
        )


def test_its_versions_are_not_read(rival: Admin, records: Records) -> None:
    assert records.word not in rival.page(f"voice_secretary_versions.php?id={records.secretary}&version=1")


@pytest.mark.parametrize("kind", EDIT_PAGES)
def test_it_is_not_changed_nor_taken_over(owner: Admin, rival: Admin, records: Records, kind: str) -> None:
    before = state_of(owner, records)
    page, name = EDIT_PAGES[kind]
    uuid = getattr(records, kind)
    forged = {
        **before[kind],
        name: "roubado",
        "domain_uuid": str(uuid4()),
        "id": uuid,
        f"voice_{kind}_uuid": uuid,
    }
    rival.post(f"{page}?id={uuid}", forged, token_from=page)
    assert state_of(owner, records) == before


@pytest.mark.parametrize("action", ["toggle", "delete", "copy", "order"])
@pytest.mark.parametrize("kind", EDIT_PAGES)
def test_no_list_reaches_it(owner: Admin, rival: Admin, records: Records, kind: str, action: str) -> None:
    before = state_of(owner, records)
    enabled = owner.page(f"{LISTS[kind]}.php?search={records.word}").count("checkbox_0")
    list_action(rival, kind, action, getattr(records, kind))
    rival.post(f"{LISTS[kind]}.php", {"action": "order", "order[]": getattr(records, kind)})
    assert state_of(owner, records) == before
    assert owner.page(f"{LISTS[kind]}.php?search={records.word}").count("checkbox_0") == enabled
    assert records.word not in rival.uuids(f"{LISTS[kind]}.php")


def test_its_destination_is_not_used_in_a_rule_of_another_domain(rival: Admin, records: Records) -> None:
    mine = f"regra{uuid4().hex[:8]}"
    fields = {"rule_intent": mine, "rule_phrases": mine, "rule_enabled": "true"}
    rival.post(
        "voice_transfer_rule_edit.php", {**fields, "voice_transfer_destination_uuid": records.destination}
    )
    assert mine not in rival.uuids("voice_transfer_rules.php")


@pytest.mark.parametrize(
    "page",
    ["voice_conversation.php", "voice_document.php", "voice_webhook_edit.php", "voice_provider_edit.php"],
)
def test_an_unknown_uuid_is_not_found_and_not_an_error(rival: Admin, page: str) -> None:
    answer = rival.get(f"{page}?id={uuid4()}&audio=recording&export=json&action=download")
    assert answer.history, "it leads back to the list"
    assert answer.is_success


def test_an_administrator_does_not_set_the_pbxs_address(rival: Admin) -> None:
    """Whoever could would be sent the PBX's token."""
    before = rival.page("voice_settings.php")
    assert "name='service_url'" not in before
    rival.post(
        "voice_settings.php", {"section": "pbx", "service_url": "http://evil.example.com", "pbx_api_key": "x"}
    )
    assert "evil.example.com" not in rival.page("voice_settings.php")
