"""A ticket from the model's tool call to the tenant's webhook, through the shipped process and its worker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.cloud import HEARD, Cloud, cloud_domain
from tests.component.api.owner import Owner
from tests.component.api.voices import CallerVoice
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import ToolUse
from tests.fakes.webhook_receiver import Received, WebhookReceiver

TICKET = ToolUse("create_ticket", json.dumps({"subject": "Segunda via", "description": "Boleto de março"}))
CHAT = "/v1/chat/completions"


@pytest.fixture
def cloud(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    with cloud_domain(owner, pbx, background) as cloud:
        yield cloud


def asks_for_a_ticket(cloud: Cloud) -> None:
    """Once; then the model says nothing any more, and what was done is told all the same."""
    cloud.provider.calls, cloud.provider.says = (TICKET,), ()

    def after(answer: Answer) -> Answer:
        if cloud.provider.requests[-1].path == CHAT:
            cloud.provider.calls, cloud.provider.says = (), ()
        return answer

    cloud.provider.fault = after


def offered(cloud: Cloud) -> set[str]:
    chats = [json.loads(one.body) for one in cloud.provider.requests if one.path == CHAT]
    return {tool["function"]["name"] for tool in chats[0]["tools"]}


def of_the_call(webhooks: WebhookReceiver, call_uuid: str, within_s: float = 20) -> dict[str, Received]:
    """What was received for a call, by event, once both events came."""
    deadline = time.monotonic() + within_s
    while True:
        found = {
            str(one.json["type"]): one
            for one in list(webhooks.received)
            if one.json["data"]["call_uuid"] == call_uuid
        }
        if len(found) == 2 or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_a_ticket_reaches_the_webhook_and_its_number_the_caller(
    cloud: Cloud, caller: CallerVoice, webhooks: WebhookReceiver
) -> None:
    cloud.tenant.admin.post("/webhooks", {"name": "crm", "url": webhooks.url})
    asks_for_a_ticket(cloud)
    call = cloud.call()
    answer = call.say(caller.says("quanto custa a consulta"))
    assert "create_ticket" in offered(cloud)
    assert answer["action"]["type"] == "continue"
    assert answer["said"].startswith("Registrei a sua solicitação.")
    detail = call.api.get(f"/conversations/{call.end()}")
    (tool,) = detail["messages"][-1]["tools"]
    assert (tool["name"], tool["outcome"]) == ("create_ticket", "ok")
    received = of_the_call(webhooks, str(call.call_uuid))
    assert set(received) == {"ticket_requested", "call_completed"}
    ticket = received["ticket_requested"].json["data"]
    assert (ticket["subject"], ticket["description"]) == ("Segunda via", "Boleto de março")
    assert " ".join(ticket["protocol"]) in answer["said"]
    assert ticket["transcript"][-1]["text"] == HEARD
    assert {"webhook-id", "webhook-signature"} <= received["ticket_requested"].headers.keys()


def test_without_a_webhook_for_it_none_is_offered(cloud: Cloud, caller: CallerVoice) -> None:
    call = cloud.call()
    call.say(caller.says("quanto custa a consulta"))
    call.end()
    assert "take_message" in offered(cloud)
    assert "create_ticket" not in offered(cloud)
