"""The real service behind a real FreeSWITCH: two secretaries in one domain and one in another, by voice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.component.api.conftest import (  # noqa: F401  fixtures
    Platform,
    anonymous,
    background,
    caller,
    owner,
    pbx,
    platform,
)
from tests.component.api.owner import Owner
from tests.component.api.tenants import TenantSetUp, add_destination, add_secretary, make_tenant
from tests.component.api.voices import CallerVoice, silence
from tests.freeswitch.conftest import TONE, FreeSwitch
from voice_ai_service.audio.formats import PcmAudio

pytestmark = [pytest.mark.freeswitch, pytest.mark.postgres, pytest.mark.timeout(240)]

ADDRESS = "Ficamos na Avenida Paulista, número mil."


def secretary(greeting: str) -> dict[str, Any]:
    return {
        "languages": ["pt-BR"],
        "greeting": {"pt-BR": greeting},
        "disclosure": False,
        "hours": {"always_open": True},
        "limits": {"no_input_s": 20},
        "facts": [
            {
                "topic": "endereço",
                "questions": {"pt-BR": ["qual é o endereço", "onde vocês ficam"]},
                "answer": {"pt-BR": ADDRESS},
            }
        ],
    }


@pytest.fixture(scope="module")
def first(owner: Owner, pbx: Any) -> TenantSetUp:  # noqa: F811
    tenant = make_tenant(owner, pbx, "fs-first.test")
    add_destination(tenant, "financeiro", TONE)
    add_secretary(tenant, "8130", secretary("Bom dia, aqui é a Ana."), name="Ana")
    add_secretary(tenant, "8131", secretary("Boa tarde, aqui é a Bia."), name="Bia")
    return tenant


@pytest.fixture(scope="module")
def second(owner: Owner, pbx: Any) -> TenantSetUp:  # noqa: F811
    tenant = make_tenant(owner, pbx, "fs-second.test")
    add_secretary(tenant, "8130", secretary("Olá, aqui é o Caio."), name="Caio")
    return tenant


@pytest.fixture(scope="module")
def pbx_token(freeswitch: FreeSwitch, pbx: Any) -> Iterator[None]:  # noqa: F811
    before = freeswitch.esl.api("global_getvar voice_ai_token")
    freeswitch.esl.api(f"global_setvar voice_ai_token={pbx.token}")
    yield
    freeswitch.esl.api(f"global_setvar voice_ai_token={before}")


def talk(voice: CallerVoice, *parts: int | str) -> PcmAudio:
    """Silences in ms and texts."""
    return PcmAudio(
        b"".join(silence(part) if isinstance(part, int) else voice.says(part).samples for part in parts), 8000
    )


def stored(tenant: TenantSetUp, count: int = 1) -> list[dict[str, Any]]:
    """The domain's conversations with their messages, newest first."""
    deadline = time.monotonic() + 10
    while True:
        found = tenant.admin.get("/conversations")["conversations"]
        if len(found) >= count or time.monotonic() > deadline:
            return [tenant.admin.get(f"/conversations/{one['conversation_uuid']}") for one in found]
        time.sleep(0.1)


def texts(conversation: dict[str, Any], speaker: str) -> list[str]:
    return [message["text"] for message in conversation["messages"] if message["speaker"] == speaker]


@pytest.mark.usefixtures("pbx_token")
def test_each_caller_reaches_the_right_secretary(
    freeswitch: FreeSwitch,
    platform: Platform,  # noqa: F811
    caller: CallerVoice,  # noqa: F811
    first: TenantSetUp,
    second: TenantSetUp,
) -> None:
    three_turns = talk(
        caller, 4000, "Qual é o endereço?", 8000, "Qual é o horário de funcionamento?", 11_000,
        "Quero falar com o financeiro", 12_000,
    )  # fmt: skip
    leg = freeswitch.dial(platform.url, three_turns, "8130", "fs-first.test")
    assert leg.answer.startswith("+OK"), leg.answer
    call = leg.wait(90)
    (conversation,) = stored(first)
    assert conversation["secretary_name"] == "Ana"
    assert texts(conversation, "secretary")[0] == "Bom dia, aqui é a Ana."
    assert ADDRESS in texts(conversation, "secretary")[1]
    assert conversation["turn_count"] == 3
    assert (conversation["end_reason"], conversation["transferred_to"]) == ("transferred", "financeiro")
    last_sound = call.loud(call.heard)[-1]
    assert call.pitch_hz(call.heard, last_sound[1] - 1500, last_sound[1] - 500) == pytest.approx(1000, abs=5)
    assert call.loud(call.heard)[0][0] <= 300

    goodbye = talk(caller, 4000, "Tchau, obrigado", 15_000)
    leg = freeswitch.dial(platform.url, goodbye, "8131", "fs-first.test")
    leg.wait(40)
    conversation = stored(first, 2)[0]
    assert conversation["secretary_name"] == "Bia"
    assert texts(conversation, "secretary")[0] == "Boa tarde, aqui é a Bia."
    assert conversation["resolution"] != "transferred"
    assert conversation["duration_ms"] < 15_000

    leg = freeswitch.dial(platform.url, talk(caller, 4000), "8130", "fs-second.test")
    leg.wait(40)
    (conversation,) = stored(second)
    assert conversation["secretary_name"] == "Caio"
    assert texts(conversation, "secretary")[0] == "Olá, aqui é o Caio."
    assert conversation["hangup_cause"] == "NORMAL_CLEARING"
    assert len(stored(first, 2)) == 2


@pytest.mark.usefixtures("pbx_token", "second")
def test_an_extension_of_the_other_domain_is_nobody(
    freeswitch: FreeSwitch,
    platform: Platform,  # noqa: F811
    caller: CallerVoice,  # noqa: F811
) -> None:
    leg = freeswitch.dial(platform.url, talk(caller, 4000), "8131", "fs-second.test")
    assert leg.answer == "-ERR NO_ROUTE_DESTINATION"
