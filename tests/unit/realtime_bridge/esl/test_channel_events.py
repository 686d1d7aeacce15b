from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind
from realtime_bridge.esl.channel_events import (
    WAITING_EVENTS,
    Subscription,
    Subscriptions,
    cause_of,
    channel_events,
)
from realtime_bridge.esl.wire import PbxEvent

A, B = UUID("11111111-1111-4111-8111-111111111111"), UUID("22222222-2222-4222-8222-222222222222")
KIND = ChannelEventKind


def pbx_event(name: str, body: str = "", **headers: str) -> PbxEvent:
    lines = [f"Event-Name: {name}", *(f"{key.replace('_', '-')}: {value}" for key, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return PbxEvent("\n".join(lines).encode() + b"\n\n" + body.encode(), at=7.5)


def one(name: str, body: str = "", **headers: str) -> ChannelEvent:
    (event,) = channel_events(pbx_event(name, body, Unique_ID=str(A), **headers))
    assert (event.channel_uuid, event.at) == (A, 7.5)
    return event


class TestTranslation:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("CHANNEL_PROGRESS", KIND.RINGING),
            ("CHANNEL_PROGRESS_MEDIA", KIND.RINGING),
            ("CHANNEL_ANSWER", KIND.ANSWERED),
            ("PLAYBACK_START", KIND.PLAYBACK_STARTED),
            ("PLAYBACK_STOP", KIND.PLAYBACK_STOPPED),
        ],
    )
    def test_plain_ones(self, name: str, kind: ChannelEventKind) -> None:
        assert one(name).kind is kind

    def test_a_digit(self) -> None:
        assert one("DTMF", DTMF_Digit="%23").digit == "#"

    @pytest.mark.parametrize("digit", ["", "A", "12", "%0A", "F"])
    def test_what_is_no_digit_is_no_event(self, digit: str) -> None:
        assert channel_events(pbx_event("DTMF", Unique_ID=str(A), DTMF_Digit=digit)) == ()

    def test_a_hangup_and_its_cause(self) -> None:
        event = one("CHANNEL_HANGUP", Hangup_Cause="NO_ANSWER")
        assert (event.kind, event.cause) == (KIND.HUNG_UP, "NO_ANSWER")

    @given(st.text(max_size=100))
    def test_causes_have_few_letters(self, text: str) -> None:
        cause = cause_of(text)
        assert cause
        assert set(cause) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")

    def test_a_file_that_was_played(self) -> None:
        assert one("PLAYBACK_STOP", Playback_File_Path="%2Ftmp%2Fx.wav").file == "/tmp/x.wav"

    def test_the_streams_own(self) -> None:
        headers = {"Event-Subclass": "mod_audio_stream%3A%3Aplay", "Unique-ID": str(A)}
        lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
        raw = f'Event-Name: CUSTOM\n{lines}Content-Length: 12\n\n{{"file":"x"}}'
        (event,) = channel_events(PbxEvent(raw.encode()))
        assert (event.kind, event.name, event.body) == (KIND.STREAM, "play", '{"file":"x"}')

    def test_a_bridge_is_told_to_both_sides(self) -> None:
        headers = {"Unique_ID": str(A), "Bridge_A_Unique_ID": str(A), "Bridge_B_Unique_ID": str(B)}
        first, second = channel_events(pbx_event("CHANNEL_BRIDGE", **headers))
        assert (first.kind, first.channel_uuid, first.other_uuid) == (KIND.BRIDGED, A, B)
        assert (second.kind, second.channel_uuid, second.other_uuid) == (KIND.BRIDGED, B, A)

    @pytest.mark.parametrize("uuid", ["", "x", "11111111"])
    def test_what_is_no_channels_is_nobodys(self, uuid: str) -> None:
        assert channel_events(pbx_event("CHANNEL_ANSWER", Unique_ID=uuid)) == ()

    def test_other_events_are_nothing(self) -> None:
        assert channel_events(pbx_event("HEARTBEAT", Unique_ID=str(A))) == ()

    @given(st.binary(max_size=300))
    def test_any_bytes_raise_nothing(self, raw: bytes) -> None:
        channel_events(PbxEvent(raw))


def event(kind: ChannelEventKind, digit: str = "") -> ChannelEvent:
    return ChannelEvent(kind, A, digit=digit)


class TestSubscription:
    async def test_in_order_and_ends_after_the_last(self) -> None:
        subscription = Subscription(A)
        for kind in (KIND.ANSWERED, KIND.BRIDGED, KIND.HUNG_UP, KIND.DIGIT):
            subscription.put(event(kind))
        assert [found.kind async for found in subscription] == [KIND.ANSWERED, KIND.BRIDGED, KIND.HUNG_UP]

    async def test_waits(self) -> None:
        subscription = Subscription(A)
        waiting = asyncio.ensure_future(anext(subscription))
        await asyncio.sleep(0)
        subscription.put(event(KIND.LOST))
        assert (await waiting).kind is KIND.LOST
        with pytest.raises(StopAsyncIteration):
            await anext(subscription)

    async def test_when_full_the_oldest_goes_but_digits_and_the_end_stay(self) -> None:
        subscription = Subscription(A)
        subscription.put(event(KIND.DIGIT, "1"))
        for _ in range(WAITING_EVENTS + 40):
            subscription.put(event(KIND.PLAYBACK_STARTED))
        subscription.put(event(KIND.DIGIT, "2"))
        subscription.put(event(KIND.HUNG_UP))
        found = [event async for event in subscription]
        assert len(found) == WAITING_EVENTS
        assert subscription.dropped == 43
        assert [event.digit for event in found if event.kind is KIND.DIGIT] == ["1", "2"]
        assert found[-1].kind is KIND.HUNG_UP

    async def test_even_digits_are_bounded(self) -> None:
        subscription = Subscription(A)
        for _ in range(WAITING_EVENTS * 2):
            subscription.put(event(KIND.DIGIT, "1"))
        subscription.put(event(KIND.HUNG_UP))
        assert len([event async for event in subscription]) == WAITING_EVENTS


class TestSubscriptions:
    def test_first_and_last_of_a_channel(self) -> None:
        subscriptions, one, other = Subscriptions(), Subscription(A), Subscription(A)
        assert subscriptions.add(one)
        assert not subscriptions.add(other)
        assert not subscriptions.remove(one)
        assert subscriptions.remove(other)
        assert subscriptions.channels() == ()

    async def test_only_those_of_the_channel_hear(self) -> None:
        subscriptions, mine, others = Subscriptions(), Subscription(A), Subscription(B)
        subscriptions.add(mine)
        subscriptions.add(others)
        assert subscriptions.put(event(KIND.HUNG_UP)) == 0
        assert [found.kind async for found in mine] == [KIND.HUNG_UP]
        others.put(event(KIND.LOST))
        assert [found.kind async for found in others] == [KIND.LOST]
