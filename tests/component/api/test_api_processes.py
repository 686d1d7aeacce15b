"""A call outlives its process: killed, restarted, or one of several that serve it in turns."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.component.api.api_client import ApiClient, assert_error
from tests.component.api.conftest import Platform
from tests.component.api.other_services import another
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall, inline
from tests.component.api.service_process import ServiceProcess
from tests.component.api.tenants import TenantSetUp, add_secretary, make_tenant
from tests.component.api.voices import CallerVoice
from tests.conftest import RedisServer, redis_program

ASKS_PRICE = "quanto custa a consulta"


@pytest.fixture(scope="module")
def second(platform: Platform) -> Iterator[ServiceProcess]:
    """One more process; without Redis it shares the database and nothing else."""
    service = another(platform).start()
    yield service
    service.stop_whatever_happened()


@pytest.fixture(scope="module")
def at_second(second: ServiceProcess, clinic: TenantSetUp) -> Iterator[ApiClient]:
    client = ApiClient.of(second.url, clinic.admin.token)
    yield client
    client.http.close()


def wait_for(met: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    until = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def journalled(owner: Owner, call: PhoneCall, turns: int) -> None:
    """Waits until the call's state is in the database, which no turn waits for."""
    count = "SELECT turn_count FROM v_voice_live_calls WHERE voice_live_call_uuid = $1"
    wait_for(lambda: owner.value(count, call.call_uuid) == turns, f"turn {turns} was not journalled")


def test_two_services_without_redis_serve_one_call_in_turns(
    at_second: ApiClient, clinic: TenantSetUp, caller: CallerVoice, owner: Owner
) -> None:
    call = PhoneCall(clinic.admin).answer()
    journalled(owner, call, 0)
    call.api = at_second
    call.say(caller.says(ASKS_PRICE))
    journalled(owner, call, 1)
    call.api = clinic.admin
    call.press("1")
    journalled(owner, call, 2)
    call.api = at_second
    call.press("0")
    journalled(owner, call, 3)
    call.api = clinic.admin
    conversation = call.end("transferred")
    call.api = at_second
    assert call.end("error") == conversation
    detail = at_second.get(f"/conversations/{conversation}")
    assert (detail["turn_count"], detail["transferred_to"]) == (3, "recepção")
    assert len(detail["messages"]) == 7


def test_a_killed_service_goes_on_with_the_call(
    second: ServiceProcess, at_second: ApiClient, caller: CallerVoice, owner: Owner
) -> None:
    call = PhoneCall(at_second).answer()
    first = call.say(caller.says(ASKS_PRICE))
    journalled(owner, call, 1)
    second.kill()
    second.start()
    again = call.send_turn(1, audio=inline(caller.says(ASKS_PRICE))).json()
    unchanged = ("heard", "said", "action", "turn", "latency_ms")
    assert {name: again[name] for name in unchanged} == {name: first[name] for name in unchanged}
    assert again["audio"]["duration_ms"] == pytest.approx(first["audio"]["duration_ms"], abs=200)
    assert call.press("0")["action"]["destination"]["number"] == "2000"
    detail = at_second.get(f"/conversations/{call.end('transferred')}")
    assert (detail["turn_count"], detail["transferred_to"]) == (2, "recepção")
    assert detail["messages"][1]["text"] == ASKS_PRICE


def test_a_turn_that_died_with_its_process_does_not_end_the_call(
    second: ServiceProcess, at_second: ApiClient, owner: Owner
) -> None:
    call = PhoneCall(at_second).answer()
    call.press("1")
    journalled(owner, call, 1)
    second.kill()
    second.start()
    assert call.send_turn(3, digits="1").status_code == 200
    assert_error(call.send_turn(5, digits="1"), 409, field="turn")
    detail = at_second.get(f"/conversations/{call.end()}")
    assert [message["turn"] for message in detail["messages"]] == [0, 1, 1, 3, 3]


def test_a_stopping_service_finishes_the_turn_that_it_has_begun(
    second: ServiceProcess, at_second: ApiClient, caller: CallerVoice
) -> None:
    call = PhoneCall(at_second).answer()
    answered: list[int] = []
    audio = inline(caller.says(ASKS_PRICE))
    asking = threading.Thread(target=lambda: answered.append(call.send_turn(1, audio=audio).status_code))
    asking.start()
    time.sleep(0.15)
    assert second.stop() == 0
    asking.join(30)
    assert answered == [200]


def test_two_services_with_redis_share_calls_and_limits_and_outlive_it(
    platform: Platform, owner: Owner, pbx: ApiClient
) -> None:
    tenant = make_tenant(owner, pbx, "two-nodes.example", max_concurrent_calls=1)
    add_secretary(tenant, "8000", {"languages": ["en"], "hours": {"always_open": True}})
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-redis-"))
    server = RedisServer(f"unix://{folder / 'redis.sock'}", folder, redis_program())
    redis = server.start()
    services = [another(platform, redis_url=server.url) for _ in range(2)]
    left, right = (ApiClient.of(service.url, tenant.admin.token) for service in services)
    try:
        for service in services:
            service.start()
        call = PhoneCall(left).answer()
        for turn, api in enumerate((right, left, right), 1):
            call.api = api
            answer = call.stay_silent() if turn < 3 else call.press("1")
            other = left if api is right else right
            assert PhoneCall(other, call_uuid=call.call_uuid).send_turn(turn, digits="9").json() == answer
        assert PhoneCall(right).set_up()["decision"] == "busy"
        redis.kill()
        redis.wait(10)
        journalled(owner, call, 3)
        call.api = left
        assert call.press("1")["turn"] == 4
        assert left.get(f"/conversations/{call.end()}")["turn_count"] == 4
        assert PhoneCall(left).set_up()["decision"] == "answer"
    finally:
        for client, service in zip((left, right), services, strict=True):
            client.http.close()
            service.stop_whatever_happened()
        redis.kill()
        redis.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_call_that_nobody_ends_is_stored_with_what_was_said(
    platform: Platform, clinic: TenantSetUp, caller: CallerVoice, owner: Owner
) -> None:
    call = PhoneCall(clinic.admin).answer()
    call.say(caller.says(ASKS_PRICE))
    journalled(owner, call, 1)
    owner.execute(
        "UPDATE v_voice_live_calls SET seen_date = now() - interval '1 day' WHERE voice_live_call_uuid = $1",
        call.call_uuid,
    )
    settings = {**platform.service.settings, "database_url": platform.database.service}
    worker = ServiceProcess(("worker",), platform.service.data_dir, settings)
    found = "SELECT voice_conversation_uuid FROM v_voice_conversations WHERE call_uuid = $1"
    worker.start(serves=False)
    try:
        wait_for(lambda: owner.value(found, call.call_uuid) is not None, "not stored", 30)
    finally:
        worker.stop_whatever_happened()
    detail = clinic.admin.get(f"/conversations/{owner.value(found, call.call_uuid)}")
    assert (detail["resolution"], detail["end_reason"]) == ("abandoned", "abandoned")
    assert [message["text"] for message in detail["messages"]][1] == ASKS_PRICE
    assert call.end() == detail["conversation_uuid"]
