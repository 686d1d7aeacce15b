"""A recording in a store is no file of the call's folder: it is never looked for there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.fakes.calls import call_state
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.recordings import is_link


def test_a_link_is_stored_with_the_call_and_is_no_audio_file_of_it() -> None:
    state = call_state()
    ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=state.started_at + timedelta(seconds=30))
    linked = build(state, replace(ending, recording_ref="s3://voice/a/b/recording.wav"), secretary_name="Ana")
    local = build(state, replace(ending, recording_ref="recording.wav"), secretary_name="Ana")
    assert linked.recording_ref == "s3://voice/a/b/recording.wav"
    assert local.audio_refs == (*linked.audio_refs, "recording.wav")
    assert not any(is_link(name) for name in linked.audio_refs)
