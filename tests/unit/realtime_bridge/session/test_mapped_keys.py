"""Keys with an action of the secretary's do it in every mode, whoever leads the conversation."""

from __future__ import annotations

import pytest

from tests.fakes.brains import ToldBrain
from tests.fakes.live_call import CHANNEL, live_call
from tests.fakes.pbx import Phone
from tests.fakes.virtual_time import virtual_time
from tests.unit.realtime_bridge.session.test_failing_brains import with_brains

STARS = {"dtmf": {"*": {"action": "transfer", "destination": "recepção"}, "#": {"action": "hangup"}}}


@pytest.mark.parametrize(("key", "settings"), [("0", {}), ("*", STARS)])
@pytest.mark.parametrize("vendor", [None, ToldBrain], ids=["cascade", "speech to speech"])
def test_a_key_that_transfers(key: str, settings: dict[str, object], vendor: type[ToldBrain] | None) -> None:
    @virtual_time
    async def run() -> None:
        brain = vendor() if vendor is not None else None
        async with live_call(
            before=with_brains(brain) if brain is not None else lambda _: None, settings=settings
        ) as call:
            call.pbx.phones["2000"] = Phone()
            await call.greeted()
            call.pbx.press(CHANNEL, key)
            stored = await call.over()
        assert stored.transferred_to == "recepção"
        assert [message.digits for message in stored.messages if message.digits] == [key]
        if brain is not None:
            assert brain.of("keys") == [], "the brain was asked about a key that is not its to answer"

    run()


@virtual_time
async def test_a_key_that_hangs_up_is_said_goodbye_to_first() -> None:
    brain = ToldBrain()
    async with live_call(before=with_brains(brain), settings=STARS) as call:
        await call.greeted()
        call.pbx.press(CHANNEL, "#")
        stored = await call.over()
    assert stored.end_reason == "completed"
    assert stored.messages[-1].heard_text == stored.messages[-1].text


@virtual_time
async def test_a_key_without_an_action_is_the_brains() -> None:
    brain = ToldBrain()
    async with live_call(before=with_brains(brain)) as call:
        await call.greeted()
        call.pbx.press(CHANNEL, "3")
        await call.until(lambda: brain.of("keys"))
        assert brain.of("keys") == [("3",)]


@pytest.mark.parametrize(
    ("phone", "sentence"),
    [
        (Phone(ends_after_s=0.5, cause="USER_BUSY"), "O ramal de recepção está ocupado"),
        (Phone(ends_after_s=0.5, cause="CALL_REJECTED"), "Em recepção ninguém pode atender agora"),
        (Phone(answers_after_s=None), "Ninguém atendeu em recepção"),
        (Phone(available=False), "Não consegui passar a ligação para recepção"),
    ],
)
def test_the_caller_is_told_why_nobody_took_the_call(phone: Phone, sentence: str) -> None:
    @virtual_time
    async def run() -> None:
        async with live_call() as call:
            call.pbx.phones["2000"] = phone
            await call.greeted()
            call.pbx.press(CHANNEL, "0")
            await call.until(lambda: call.turns[-1].intent == "transfer_failed")
            assert call.turns[-1].said.startswith(sentence)
            assert not call.pbx.channels[CHANNEL].music

    run()
