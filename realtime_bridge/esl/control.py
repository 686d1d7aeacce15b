"""The PBX's verbs over its event socket: `CallControl`, and what the ways back to the caller need besides."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

import structlog

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind, HangupCause, RingRequest, UnicastPath
from realtime_bridge.esl import dial_strings, grammar, replies
from realtime_bridge.esl.channel_events import LAST, Subscription, Subscriptions, cause_of, channel_events
from realtime_bridge.esl.dial_strings import CallersChannel
from realtime_bridge.esl.event_socket import Address
from realtime_bridge.esl.link import EslLink, LinkObserver, LinkTimes, NobodyWatches
from realtime_bridge.esl.wire import PbxEvent
from voice_ai_service.calls.destinations import Destination
from voice_ai_service.errors import InvalidInput, NotFound, Unavailable

log = structlog.get_logger()

DEFAULT_MUSIC = "local_stream://moh"
_NO_MUSIC = "tone_stream://%(400,4600,440);loops=-1"
"""Where no music is loaded: a short tone every five seconds says that the line is alive."""
_RATES = {8000: "8k", 16000: "16k"}
_FILTERS = ("Unique-ID", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID")


@dataclass(frozen=True, slots=True)
class PbxAbilities:
    """What the PBX can do for a stream.

    Attributes:
        version: FreeSWITCH's own words.
        audio_stream: mod_audio_stream is loaded, whichever build of it.
        hold_music: mod_local_stream has something to play.
    """

    version: str
    audio_stream: bool
    hold_music: bool


UnicastPorts = UnicastPath


class EslCallControl:
    """`CallControl` for FreeSWITCH. Use as an async context manager: it connects, and stays connected.

    Entering does not wait for FreeSWITCH; `connected` says whether it is there.
    """

    def __init__(
        self, address: Address, *, observer: LinkObserver | None = None, times: LinkTimes | None = None
    ) -> None:
        self._observer = observer or NobodyWatches()
        self._subscriptions = Subscriptions()
        self._jobs: dict[str, Callable[[str], None]] = {}
        self._music_of: dict[UUID, str] = {}
        self._recovering: asyncio.Task[None] | None = None
        self._link = EslLink(
            address,
            on_event=self._take,
            on_connected=self._came_back,
            observer=self._observer,
            times=times,
        )

    async def __aenter__(self) -> Self:
        self._link.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.gather(self._recovering, return_exceptions=True)
        await self._link.stop()

    @property
    def connected(self) -> bool:
        return self._link.connected

    def events(self, channel_uuid: UUID) -> AbstractAsyncContextManager[AsyncIterator[ChannelEvent]]:
        """This channel's events from the entering on, in order; they end after HUNG_UP or LOST.

        Entering never fails: without a connection they begin when there is one.
        """
        return self._subscribed(channel_uuid)

    @asynccontextmanager
    async def _subscribed(self, channel_uuid: UUID) -> AsyncIterator[AsyncIterator[ChannelEvent]]:
        subscription = Subscription(channel_uuid)
        first = self._subscriptions.add(subscription)
        try:
            if first:
                await self._filter("filter", channel_uuid)
            yield subscription
        finally:
            if self._subscriptions.remove(subscription):
                await self._filter("filter delete", channel_uuid)

    async def _filter(self, verb: str, channel_uuid: UUID) -> None:
        try:
            for header in _FILTERS:
                await self._link.command(f"{verb} {header} {grammar.channel(channel_uuid)}")
        except Unavailable:
            # What was set is gone with the connection; the next one sets the filters of who waits then.
            log.debug("filters wait for the connection", channel_uuid=str(channel_uuid))

    async def exists(self, channel_uuid: UUID) -> bool:
        return await self._api(f"uuid_exists {grammar.channel(channel_uuid)}") == "true"

    async def call_itself(self, channel_uuid: UUID, *, silence: bool) -> None:
        """A parked channel that hears what it is told, for trying a way back; `hang_up` ends it. Needs mod_loopback.

        Args:
            silence: It writes silence while nothing else is written.
        """
        variables = (
            f"origination_uuid={grammar.channel(channel_uuid)},originate_timeout=5,loopback_bowout=false"
        )
        if silence:
            variables += ",send_silence_when_idle=-1"
        await self._api(f"originate {{{variables}}}loopback/app=echo &park()")

    async def hang_up(self, channel_uuid: UUID, cause: HangupCause = HangupCause.NORMAL_CLEARING) -> None:
        try:
            await self._api(f"uuid_kill {grammar.channel(channel_uuid)} {cause.value}")
        except NotFound:
            log.debug("hung up already", channel_uuid=str(channel_uuid))

    async def ring(self, request: RingRequest) -> None:
        """As the protocol says; a call that never became a channel ends its events with HUNG_UP and the cause."""
        command = dial_strings.originate(request, await self._callers_channel(request.for_channel))

        def ended(result: str) -> None:
            if replies.is_error(result):
                cause = cause_of(result.removeprefix("-ERR").strip())
                self._put(ChannelEvent(ChannelEventKind.HUNG_UP, request.channel_uuid, cause=cause))

        await self._in_background(command, ended)

    async def _callers_channel(self, channel_uuid: UUID) -> CallersChannel:
        named = await self.variable(channel_uuid, "voice_secretary_context")
        context = named or await self.variable(channel_uuid, "context") or "default"
        inherited = {name: await self.variable(channel_uuid, name) for name in dial_strings.INHERITED}
        return CallersChannel(context, {name: value for name, value in inherited.items() if _is_plain(value)})

    async def bridge(self, one: UUID, other: UUID) -> None:
        for uuid in (one, other):
            await self.set_variable(uuid, "hangup_after_bridge", "true")
            await self.set_variable(uuid, "park_after_bridge", "false")
        await self._api(f"uuid_bridge {grammar.channel(one)} {grammar.channel(other)}")

    async def available(self, destination: Destination, domain_name: str) -> bool | None:
        question = dial_strings.contact_question(destination, domain_name)
        if question is None:
            return None
        own = await self._text(dial_strings.dial_string_question(destination, domain_name))
        if own.startswith("error/"):
            return False
        contact = await self._text(question)
        return bool(contact) and not contact.startswith("error/") and not replies.is_error(contact)

    async def start_music(self, channel_uuid: UUID) -> None:
        """The channel's own hold music, else the PBX's, else a tone now and then. `stop_music` ends it.

        Mixed into what the channel sends, after its stream: a stream that has spoken writes silence over whatever
        else the channel plays (the fork's WRITE_REPLACE).
        """
        sound = await self._music(await self.variable(channel_uuid, "hold_music"))
        if await self.variable(channel_uuid, "send_silence_when_idle"):
            await self._api(f"uuid_displace {grammar.channel(channel_uuid)} start {sound} 0 ml")
            self._music_of[channel_uuid] = sound
        else:
            # Nothing to mix into; and nothing else writes.
            await self.play_file(channel_uuid, sound, loops=-1)

    async def _music(self, wanted: str) -> str:
        try:
            sound = grammar.sound(wanted or DEFAULT_MUSIC)
        except InvalidInput:
            log.warning("the channel's hold_music is no sound that may stand in a command")
            sound = DEFAULT_MUSIC
        if sound.startswith("local_stream://") and not await self._has_local_stream():
            return _NO_MUSIC
        return sound

    async def _has_local_stream(self) -> bool:
        return await self._text("module_exists mod_local_stream") == "true"

    async def stop_music(self, channel_uuid: UUID) -> None:
        """No music is no error."""
        sound = self._music_of.pop(channel_uuid, None)
        if sound is None:
            await self.break_playback(channel_uuid)
            return
        reply = await self._text(f"uuid_displace {grammar.channel(channel_uuid)} stop {sound}")
        if "Cannot stop" not in reply:
            replies.checked(reply)

    async def start_stream(self, channel_uuid: UUID, url: str, sample_rate_hz: int) -> None:
        channel, address = grammar.channel(channel_uuid), grammar.stream_url(url)
        if sample_rate_hz not in _RATES:
            raise InvalidInput("A stream has 8000 or 16000 Hz", field="sample_rate_hz")
        start = f"uuid_audio_stream {channel} start {address} mono {_RATES[sample_rate_hz]}"
        try:
            await self._api(start)
        except Unavailable:
            # After the server closed the socket the module holds on to the channel until it is told to stop.
            await self.stop_stream(channel_uuid)
            await self._api(start)

    async def stop_stream(self, channel_uuid: UUID) -> None:
        """A stream that is not there is no error."""
        reply = await self._text(f"uuid_audio_stream {grammar.channel(channel_uuid)} stop")
        if "Operation Failed" not in reply:
            replies.checked(reply)

    async def send_text(self, channel_uuid: UUID, message: Mapping[str, object]) -> None:
        """Has the channel's stream send this JSON to its server."""
        text = grammar.stream_text(json.dumps(message, separators=(",", ":")))
        await self._api(f"uuid_audio_stream {grammar.channel(channel_uuid)} send_text {text}")

    async def set_variable(self, channel_uuid: UUID, name: str, value: str) -> None:
        """An empty value unsets it."""
        assignment = f"{grammar.variable_name(name)} {grammar.variable_value(value)}"
        await self._api(f"uuid_setvar {grammar.channel(channel_uuid)} {assignment}")

    async def variable(self, channel_uuid: UUID, name: str) -> str:
        """A channel variable; empty where it is not set."""
        value = await self._api(f"uuid_getvar {grammar.channel(channel_uuid)} {grammar.variable_name(name)}")
        return "" if value == "_undef_" else value

    async def play_file(self, channel_uuid: UUID, path: str, *, loops: int = 1) -> None:
        """Queues a file behind what the channel plays. Returns when it is queued; -1 loops for ever.

        Raises:
            Unavailable, NotFound, InvalidInput.
        """
        headers = {
            "call-command": "execute",
            # Without it FreeSWITCH starts the newest file inside the one before it: several play in reverse.
            "event-lock": "true",
            "execute-app-name": "playback",
            "execute-app-arg": grammar.sound(path),
            "loops": str(loops),
        }
        await self._message(channel_uuid, headers)

    async def break_playback(self, channel_uuid: UUID) -> None:
        """Ends what the channel plays, and all that was queued. Nothing playing is no error."""
        await self._api(f"uuid_break {grammar.channel(channel_uuid)} all")

    async def start_unicast(self, channel_uuid: UUID, ports: UnicastPorts) -> None:
        """L16 frames over UDP, both ways, for as long as the channel is parked. There is no command that ends it.

        The channel must have been parked without `send_silence_when_idle`: both would write.
        """
        headers = {
            "call-command": "unicast",
            "local-ip": grammar.ipv4(ports.pbx_host),
            "local-port": grammar.port(ports.pbx_port),
            "remote-ip": grammar.ipv4(ports.our_host),
            "remote-port": grammar.port(ports.our_port),
            "transport": "udp",
        }
        await self._message(channel_uuid, headers)

    async def abilities(self) -> PbxAbilities:
        """What the PBX has loaded now."""
        return PbxAbilities(
            version=await self._text("version"),
            # The command, not the module: builds of it have several names.
            audio_stream=(await self._text("uuid_audio_stream")).startswith("-USAGE"),
            hold_music=await self._has_local_stream(),
        )

    async def _api(self, command: str) -> str:
        return replies.checked(await self._text(command))

    async def _text(self, command: str) -> str:
        return (await self._link.command(f"api {command}")).body.decode("utf-8", "replace").strip()

    async def _message(self, channel_uuid: UUID, headers: Mapping[str, str]) -> None:
        lines = [
            f"sendmsg {grammar.channel(channel_uuid)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        reply = await self._link.command("\n".join(lines))
        replies.checked(reply.headers.get("Reply-Text", ""))

    async def _in_background(self, command: str, ended: Callable[[str], None]) -> None:
        """Returns when FreeSWITCH took the order; `ended` gets its result, or an error when the connection ends."""
        job = str(uuid4())
        self._jobs[job] = ended
        try:
            reply = await self._link.command(f"bgapi {command}\nJob-UUID: {job}")
            replies.checked(reply.headers.get("Reply-Text", ""))
        except BaseException:
            self._jobs.pop(job, None)
            raise

    def _take(self, event: PbxEvent) -> None:
        if event.name == "BACKGROUND_JOB":
            ended = self._jobs.pop(event.get("Job-UUID"), None)
            if ended is not None:
                ended(event.body.strip())
            return
        for ours in channel_events(event):
            self._put(ours)

    def _put(self, event: ChannelEvent) -> None:
        if event.kind in LAST:
            self._music_of.pop(event.channel_uuid, None)
        if dropped := self._subscriptions.put(event):
            self._observer.esl_events_dropped(dropped)

    def _came_back(self) -> None:
        # Results of jobs go to the connection that asked; whether their channels live is asked now.
        self._jobs.clear()
        if self._recovering is not None:
            self._recovering.cancel()
        self._recovering = asyncio.get_running_loop().create_task(self._recover(), name="esl recovery")

    async def _recover(self) -> None:
        """Whoever waits for a channel hears of it again, or that it is gone."""
        try:
            for channel_uuid in self._subscriptions.channels():
                await self._filter("filter", channel_uuid)
                if not await self.exists(channel_uuid):
                    self._put(ChannelEvent(ChannelEventKind.LOST, channel_uuid))
        except Unavailable:
            log.debug("the connection was lost again; the next one asks")


def _is_plain(value: str) -> bool:
    try:
        return bool(grammar.variable_value(value))
    except InvalidInput:
        return False
