from __future__ import annotations

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import VirtualClock
from voice_ai_service.turn_mode.served_calls import QUIET_S, ServedCalls

DOMAIN, OTHER = uuid4(), uuid4()
CALLS = [uuid4() for _ in range(4)]
steps = st.lists(
    st.tuples(st.sampled_from(["saw", "ended", "wait"]), st.sampled_from(CALLS), st.floats(0, 2 * QUIET_S)),
    max_size=40,
)


@given(steps)
async def test_it_counts_what_was_heard_of_lately_and_never_goes_below_zero(
    taken: list[tuple[str, object, float]],
) -> None:
    clock = VirtualClock()
    served = ServedCalls(clock)
    seen: dict[object, float] = {}
    for what, call, seconds in taken:
        if what == "saw":
            served.saw(DOMAIN, call)  # type: ignore[arg-type]
            seen[call] = clock.monotonic()
        elif what == "ended":
            served.ended(DOMAIN, call)  # type: ignore[arg-type]
            seen.pop(call, None)
        else:
            await clock.advance(seconds)
        assert served.count() == sum(at > clock.monotonic() - QUIET_S for at in seen.values())


def test_the_same_uuid_in_two_domains_is_two_calls() -> None:
    served = ServedCalls(VirtualClock())
    served.saw(DOMAIN, CALLS[0])
    served.saw(OTHER, CALLS[0])
    served.ended(OTHER, CALLS[0])
    assert served.count() == 1
