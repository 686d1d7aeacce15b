"""What is left of a call: written once and whole, found again by its filters, told to the CRM once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.component.api.api_client import assert_error
from tests.component.api.background import BackgroundLoop
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall, inline
from tests.component.api.tenants import TenantSetUp
from tests.component.api.voices import CallerVoice
from tests.fakes.webhook_receiver import Received, WebhookReceiver
from voice_ai_service.audio.wav import read_wav

ASKS_PRICE = "quanto custa a consulta"
EMPTY_WITHOUT_A_MODEL = {
    "summary",
    "cost_cents",
    "message_text",
    "message_audio_ref",
    "feedback_rating",
    "feedback_note",
    "insert_user",
    "update_user",
}
"""Columns of a conversation that a call with embedded engines and without a message leaves empty."""


@pytest.fixture(scope="module")
def whole(clinic: TenantSetUp, caller: CallerVoice) -> tuple[PhoneCall, str]:
    """A recorded call with everything: speech, a key, a barge-in, a transfer. And its conversation's uuid."""
    call = PhoneCall(clinic.admin, "8001", caller_number="(11) 91234-5678").answer()
    call.say(caller.says(ASKS_PRICE), previous={"played_ms": 3000})
    call.event({"type": "played", "turn": 1, "played_ms": 900, "barged_in": True})
    call.press("0")
    name = call.end("transferred", previous={"played_ms": 1500}, recording_file="call.wav")
    return call, name


def test_every_column_that_matters_is_written(whole: tuple[PhoneCall, str], owner: Owner) -> None:
    (row,) = owner.rows(
        "SELECT * FROM v_voice_conversations WHERE voice_conversation_uuid = $1", UUID(whole[1])
    )
    empty = {name for name, value in row.items() if value is None}
    assert empty <= EMPTY_WITHOUT_A_MODEL | {"update_date"}
    assert row["providers"] == {"stt": ["embedded"], "llm": ["embedded"], "tts": ["embedded"]}
    assert {"stt", "llm", "tts", "total"} <= row["latency"].keys()
    assert all(stage["mean"] >= 0 for stage in row["latency"].values())


def test_both_sides_words_are_kept_in_order(whole: tuple[PhoneCall, str], owner: Owner) -> None:
    detail = whole[0].api.get(f"/conversations/{whole[1]}")
    assert detail["caller_number"] == "+5511912345678"
    heard = [(one["speaker"], one["turn"], one["digits"]) for one in detail["messages"]]
    assert heard == [
        ("secretary", 0, ""),
        ("caller", 1, ""),
        ("secretary", 1, ""),
        ("caller", 2, "0"),
        ("secretary", 2, ""),
    ]
    greeting, asked, answered, _, put_through = detail["messages"]
    assert (asked["text"], asked["language"]) == (ASKS_PRICE, "pt-BR")
    assert asked["audio_ms"] > 1000
    assert asked["audio_ref"] == "utterance-0001.wav"
    assert (answered["barged_in"], answered["played_ms"]) == (True, 900)
    assert len(answered["heard_text"]) < len(answered["text"])
    assert answered["latency_ms"]["total"] > answered["latency_ms"]["stt"] > 0
    assert greeting["latency_ms"]["tts"] >= 0
    assert (put_through["action"], detail["transferred_to"]) == ("transfer", "recepção")
    models = owner.rows(
        "SELECT DISTINCT embedding_model, embedding IS NOT NULL AS embedded FROM v_voice_messages"
        " WHERE voice_conversation_uuid = $1 AND message_text <> ''",
        UUID(whole[1]),
    )
    assert [row["embedded"] for row in models] == [True]


def test_the_person_who_called_and_what_was_used_are_counted(
    whole: tuple[PhoneCall, str], owner: Owner
) -> None:
    detail = whole[0].api.get(f"/conversations/{whole[1]}")
    (person,) = owner.rows("SELECT * FROM v_voice_callers WHERE caller_number = $1", detail["caller_number"])
    assert person["call_count"] == 1
    used = owner.rows("SELECT * FROM v_voice_usage WHERE domain_uuid = $1", person["domain_uuid"])
    assert {(row["provider_kind"], row["provider_name"]) for row in used} >= {
        ("stt", "embedded"),
        ("tts", "embedded"),
    }


def test_what_was_said_can_be_heard_again(whole: tuple[PhoneCall, str], rival: TenantSetUp) -> None:
    path = f"/conversations/{whole[1]}/audio"
    utterance = whole[0].api.send("GET", f"{path}/utterance-0001.wav")
    assert utterance.headers["content-type"] == "audio/wav"
    assert read_wav(utterance.content).duration_ms > 1000
    assert_error(whole[0].api.send("GET", f"{path}/utterance-0009.wav"), 404, field="ref")
    assert_error(rival.admin.send("GET", f"{path}/utterance-0001.wav"), 404)


def test_nothing_of_the_live_call_is_left(whole: tuple[PhoneCall, str], owner: Owner) -> None:
    left = "SELECT count(*) FROM v_voice_live_calls WHERE voice_live_call_uuid = $1"
    assert owner.value(left, whole[0].call_uuid) == 0
    assert_error(whole[0].send_turn(3, digits="1"), 404, field="call_uuid")


def test_the_same_turn_twice_is_answered_the_same(call: PhoneCall, caller: CallerVoice) -> None:
    first = call.answer().say(caller.says(ASKS_PRICE))
    assert call.send_turn(1, audio=inline(caller.says(ASKS_PRICE))).json() == first
    assert call.send_turn(1, digits="0").json() == first
    assert_error(call.send_turn(3, digits="1"), 409, field="turn")
    assert call.press("1")["turn"] == 2
    assert len(call.api.get(f"/conversations/{call.end()}")["messages"]) == 5


def test_the_same_turn_at_the_same_time_happens_once(call: PhoneCall, caller: CallerVoice) -> None:
    call.answer()
    audio = inline(caller.says(ASKS_PRICE))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: call.send_turn(1, audio=audio).json(), range(6)))
    assert all(answer == answers[0] for answer in answers)
    call.turn = 1
    assert call.api.get(f"/conversations/{call.end()}")["turn_count"] == 1


def test_ends_at_the_same_time_and_later_are_one_conversation(call: PhoneCall, owner: Owner) -> None:
    call.answer().press("1")
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: call.end(), range(8)))
    assert made == {call.end("error")}
    rows = owner.rows("SELECT end_reason FROM v_voice_conversations WHERE call_uuid = $1", call.call_uuid)
    assert [row["end_reason"] for row in rows] == ["caller_hangup"]
    both = "v_voice_messages AS m JOIN v_voice_conversations AS c USING (voice_conversation_uuid)"
    assert owner.value(f"SELECT count(*) FROM {both} WHERE c.call_uuid = $1", call.call_uuid) == 3


def test_a_channel_that_comes_again_is_another_call_and_both_are_stored(
    call: PhoneCall, owner: Owner
) -> None:
    call.answer().press("0")
    first = call.end("transferred")
    again = PhoneCall(call.api, call_uuid=call.call_uuid)
    name = again.set_up()["call_uuid"]
    assert name != str(call.call_uuid)
    assert PhoneCall(call.api, call_uuid=call.call_uuid).set_up()["call_uuid"] == name, "a repeated set-up"
    again.call_uuid = UUID(name)
    again.press("1")
    second = again.end()
    assert second != first
    assert call.end() == first
    counts = [int(call.api.get(f"/conversations/{one}")["turn_count"]) for one in (first, second)]
    assert counts == [1, 1]


def test_a_channel_that_comes_again_before_its_end_was_reported(call: PhoneCall) -> None:
    call.answer().press("0")
    again = PhoneCall(call.api, call_uuid=call.call_uuid)
    again.call_uuid = UUID(again.set_up()["call_uuid"])
    first = call.end("transferred")
    assert again.press("1")["action"]["type"] == "continue"
    assert again.end() != first


def test_a_channel_in_a_circle_is_stopped(call: PhoneCall) -> None:
    for _ in range(20):
        visit = PhoneCall(call.api, call_uuid=call.call_uuid)
        visit.call_uuid = UUID(visit.set_up()["call_uuid"])
        visit.event({"type": "answered"})
    assert_error(call.send_set_up(), 409, field="call_uuid")


def test_the_end_of_a_call_that_never_was(call: PhoneCall) -> None:
    assert_error(call.send_end(), 404, field="call_uuid")


def test_the_crm_is_told_once_and_can_verify_it(
    clinic: TenantSetUp, caller: CallerVoice, webhooks: WebhookReceiver, background: BackgroundLoop
) -> None:
    call = PhoneCall(clinic.admin, caller_number="+5511955554444").answer()
    call.say(caller.says(ASKS_PRICE))
    call.end(previous={"played_ms": 60_000})
    call.end()
    told = _told_of(webhooks, background, call.call_uuid)
    verified = Webhook(clinic.webhook_secret).verify(told.body, told.headers)
    assert verified["type"] == "call_completed"
    data: dict[str, Any] = verified["data"]
    assert data["secretary_name"] == "Clara"
    assert (data["caller_id"], data["duration_seconds"]) == ("+5511955554444", 12)
    assert (data["resolution"], data["transferred_to"]) == ("completed", None)
    assert [line["role"] for line in data["transcript"]] == ["assistant", "caller", "assistant"]
    assert data["transcript"][1]["text"] == ASKS_PRICE
    with pytest.raises(WebhookVerificationError):
        Webhook(clinic.webhook_secret).verify(told.body.replace("Clara", "Maria"), told.headers)
    delivery = _noted(clinic, told.headers["webhook-id"])
    assert (delivery["status"], delivery["tries"], delivery["last_status_code"]) == ("delivered", 1, 200)


def test_conversations_are_found_by_each_filter(whole: tuple[PhoneCall, str], clinic: TenantSetUp) -> None:
    def found(**wanted: Any) -> set[str]:
        page = clinic.admin.get("/conversations", **wanted)
        return {one["conversation_uuid"] for one in page["conversations"]}

    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    for wanted in (
        {"resolution": "transferred"},
        {"caller_number": "+5511912345678"},
        {"caller_number": "11 91234-5678"},
        {"secretary_uuid": clinic.ids["secretary:8001"]},
        {"text": "QUANTO custa"},
        {"started_from": (now - hour).isoformat(), "started_before": (now + hour).isoformat()},
    ):
        assert whole[1] in found(**wanted), wanted
    for wanted in (
        {"resolution": "busy"},
        {"caller_number": "+5511900000001"},
        {"secretary_uuid": str(uuid4())},
        {"text": "%"},
        {"text": "quanto_custa"},
        {"started_before": (now - hour).isoformat()},
    ):
        assert whole[1] not in found(**wanted), wanted


def test_pages_hold_every_conversation_once(whole: tuple[PhoneCall, str], clinic: TenantSetUp) -> None:
    for _ in range(3):
        PhoneCall(clinic.admin).answer().end()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = clinic.admin.get("/conversations", limit=2, cursor=cursor)
        seen += [one["conversation_uuid"] for one in page["conversations"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 4
    assert whole[1] in seen
    assert_error(clinic.admin.send("GET", "/conversations", params={"cursor": "eA"}), 400, field="cursor")


def _noted(tenant: TenantSetUp, event_id: str) -> dict[str, Any]:
    """The delivery as it is listed, once the receiver's answer was written down."""
    for _ in range(100):
        listed = tenant.admin.get("/webhooks/deliveries")["deliveries"]
        (delivery,) = [one for one in listed if one["event_id"] == event_id]
        if delivery["status"] != "pending":
            break
        time.sleep(0.05)
    found: dict[str, Any] = delivery
    return found


def _told_of(receiver: WebhookReceiver, background: BackgroundLoop, call_uuid: UUID) -> Received:
    """The one request about this call."""
    for count in range(1, 200):
        background.run(receiver.wait_for(count), 15)
        found = [
            one for one in receiver.received if json.loads(one.body)["data"]["call_uuid"] == str(call_uuid)
        ]
        if found:
            (only,) = found
            return only
    raise AssertionError("nobody was told")
