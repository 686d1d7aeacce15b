"""A caller who changes the language in mid-call, by voice: the recogniser hears it, the answer and its voice follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import Cloud, cloud_domain
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.tenants import CLARA, add_destination, add_secretary, make_tenant
from tests.component.api.voices import CallerVoice


@pytest.fixture(scope="module")
def both(owner: Owner, pbx: ApiClient) -> PhoneCall:
    """A secretary of two languages on the embedded engines."""
    tenant = make_tenant(owner, pbx, "languages.example")
    add_destination(tenant, "recepção", "2000")
    add_secretary(tenant, "8000", {**CLARA, "languages": ["pt-BR", "en"]}, name="Clara")
    return PhoneCall(tenant.admin)


def test_the_embedded_engines_switch_to_english_and_back(both: PhoneCall, caller: CallerVoice) -> None:
    call = both.answer()
    heard = [
        call.say(caller.says("qual o horário de atendimento", "pt-BR")),
        call.say(caller.says("what are your opening hours", "en")),
        call.say(caller.says("qual o horário de atendimento", "pt-BR")),
    ]
    call.end()
    assert [answer["heard_language"] for answer in heard] == ["pt-BR", "en", "pt-BR"]
    assert "opening hours" in heard[1]["said"]
    assert "opening hours" not in heard[0]["said"] + heard[2]["said"]


@pytest.fixture
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


def test_a_vendors_voice_gets_the_text_and_one_word_does_not_switch(
    cloud: Cloud, caller: CallerVoice
) -> None:
    call = cloud.call()
    audio = caller.says("vocês abrem no sábado")
    cloud.provider.transcript = {"text": "okay"}
    call.say(audio)
    assert call_language(cloud) == "pt-BR"
    cloud.provider.transcript = {"text": "could you tell me whether it is open on Saturday"}
    call.say(audio)
    assert call_language(cloud) == "en"
    call.end()


def call_language(cloud: Cloud) -> str:
    """What the model was told to answer in, at the last request."""
    asked = [request for request in cloud.provider.requests if b'"messages"' in request.body][-1]
    return "pt-BR" if b"Brazilian Portuguese" in asked.body else "en"
