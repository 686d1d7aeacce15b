from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.session.state import TRANSITIONS, IllegalTransition, Phase, Phases, Signal

OURS = (Signal.OPENED, Signal.TRANSFER)
FROM_OUTSIDE = [signal for signal in Signal if signal not in OURS]


@given(st.lists(st.sampled_from(FROM_OUTSIDE)))
def test_what_comes_from_outside_is_legal_in_any_order(signals: list[Signal]) -> None:
    phases = Phases(strict=True)
    for signal in signals:
        phases.on(signal)


@given(st.lists(st.sampled_from(list(Signal))))
def test_a_call_can_always_end_and_stays_ended(signals: list[Signal]) -> None:
    phases = Phases()
    for signal in signals:
        phases.on(signal)
    phases.on(Signal.END)
    assert phases.over
    phases.on(Signal.GONE)
    assert phases.now is Phase.ENDED
    for signal in FROM_OUTSIDE:
        phases.on(signal)
    assert phases.now is Phase.ENDED


@given(st.lists(st.sampled_from(list(Signal))))
def test_nothing_is_said_or_asked_after_the_end_was_decided(signals: list[Signal]) -> None:
    phases = Phases()
    phases.on(Signal.END)
    seen = set()
    for signal in signals:
        phases.on(signal)
        seen.add(phases.now)
    assert seen <= {Phase.ENDING, Phase.ENDED}


def test_every_phase_can_be_reached_from_the_first() -> None:
    reached, edge = {Phase.OPENING}, [Phase.OPENING]
    while edge:
        phase = edge.pop()
        following = {to for (before, _), to in TRANSITIONS.items() if before is phase} - reached
        reached |= following
        edge += following
    assert reached == set(Phase)


@pytest.mark.parametrize("phase", [Phase.OPENING, Phase.TRANSFERRING, Phase.ENDING, Phase.ENDED])
def test_a_transfer_out_of_place_is_a_fault(phase: Phase) -> None:
    strict = Phases(strict=True)
    strict.now = phase
    with pytest.raises(IllegalTransition, match=f"transfer while {phase}"):
        strict.on(Signal.TRANSFER)


def test_in_production_a_fault_is_told_and_changes_nothing() -> None:
    faults: list[IllegalTransition] = []
    phases = Phases()
    phases.on_fault = faults.append
    phases.on(Signal.OPENED)
    assert not phases.on(Signal.OPENED)
    assert phases.now is Phase.GREETING
    assert [(fault.phase, fault.signal) for fault in faults] == [(Phase.GREETING, Signal.OPENED)]


def test_changes_are_told_and_what_means_nothing_is_not() -> None:
    changes: list[Phase] = []
    phases = Phases(changes.append)
    for signal in (Signal.OPENED, Signal.SPEAKS, Signal.SILENT, Signal.SILENT, Signal.ASKED, Signal.HOLD):
        phases.on(signal)
    assert changes == [Phase.GREETING, Phase.LISTENING, Phase.THINKING, Phase.HELD]
