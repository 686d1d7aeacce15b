from __future__ import annotations

from realtime_bridge.session.warm import first_words, warm
from tests.fakes.cascade_call import Mouth, down
from tests.fakes.live_call import LiveCall, live_call
from tests.fakes.secretaries import MONDAY_NOON, TENANT, plan
from tests.fakes.virtual_time import virtual_time


@virtual_time
async def test_a_warmed_greeting_is_heard_at_once_however_slow_the_voice() -> None:
    slow = Mouth(first_byte_s=1.5)

    async with live_call(mouth=slow, settings={"disclosure": True}) as cold:
        assert await warm(cold.place, TENANT, cold.place.the_plan, MONDAY_NOON) >= 4
        before = list(slow.said)
        cold.leg.end()
        await cold.over()
        cold.again()
        await cold.until(lambda: len(cold.place.ears) == 2)
        began = cold.place.ears[1]
        await cold.until(lambda: bool(began.audio))
        assert began.heard_at[0] - cold.began_again_at < 0.2
        assert slow.said == before


def test_what_is_warmed_is_what_is_said() -> None:
    words = first_words(TENANT, plan(), MONDAY_NOON)
    assert "Como posso ajudar?" in words
    assert len(set(words)) == len(words)


@virtual_time
async def test_a_voice_that_fails_is_no_failure() -> None:

    def broken(call: LiveCall) -> None:
        call.place.rows.mouths[0].fails.extend([down()] * 20)

    async with live_call(before=broken) as call:
        assert await warm(call.place, TENANT, call.place.the_plan, MONDAY_NOON) == 0
