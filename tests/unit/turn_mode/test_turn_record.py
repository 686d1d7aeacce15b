from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.calls import call_state, exchange
from voice_ai_service.dialogue.call_state import StageLatencies
from voice_ai_service.metrics import Metrics
from voice_ai_service.turn_mode.turn_record import latency_split, note_played
from voice_ai_service.turn_mode.wire import PreviousReply

milliseconds = st.floats(0, 60_000)
stage = st.none() | milliseconds


@given(stt=stage, retrieval=stage, llm=stage, tts=stage, ours=milliseconds)
def test_the_stages_and_what_is_ours_add_up_to_the_total(
    stt: float | None, retrieval: float | None, llm: float | None, tts: float | None, ours: float
) -> None:
    total = sum(value or 0 for value in (stt, retrieval, llm, tts)) + ours
    latency = StageLatencies(stt=stt, retrieval=retrieval, llm=llm, tts=tts, llm_first_token=1, total=total)
    split = latency_split(latency)
    within = {"llm_first_token", "tts_first_byte", "total"}
    assert sum(value for name, value in split.items() if name not in within) == pytest.approx(total, abs=0.01)
    assert split["total"] == total
    assert None not in split.values()


def test_clocks_that_disagree_do_not_make_time_of_ours_negative() -> None:
    assert latency_split(StageLatencies(stt=10, total=9))["other"] == 0


def test_what_the_pbx_played_is_never_more_than_there_was() -> None:
    class Parts:
        metrics = Metrics()

    call = call_state(None, exchange(1, "oi", "olá", audio_ms=2000, played_ms=None))
    for played_ms, barged_in in ((900, True), (5000, False)):
        note_played(call, PreviousReply(played_ms=played_ms, barged_in=barged_in), Parts())  # type: ignore[arg-type]
    assert (call.turns[-1].played_ms, call.turns[-1].barged_in) == (2000, True)
    assert Parts.metrics.registry.get_sample_value("voice_ai_barge_ins_total") == 1
