"""FreeSWITCH's event socket on loopback, as mod_event_socket.c frames it, with channels that exist or do not.

It answers what the bridge asks; a test adds answers of its own, fires events, cuts the line, or stops answering.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote
from uuid import UUID, uuid4

PASSWORD = "ClueCon-of-the-test"


@dataclass
class _Client:
    writer: asyncio.StreamWriter
    events: set[str] = field(default_factory=set)
    filters: list[tuple[str, str]] = field(default_factory=list)

    def wants(self, headers: Mapping[str, str]) -> bool:
        name = headers["Event-Name"]
        if (headers.get("Event-Subclass", name) if name == "CUSTOM" else name) not in self.events:
            return False
        return not self.filters or any(
            headers.get(key, "").lower() == value.lower() for key, value in self.filters
        )


@dataclass
class EventSocketServer:
    """Use as an async context manager.

    Attributes:
        channels: Those that exist, with their variables.
        answers: What an `api` or `bgapi` command gets instead, by its beginning; the longest wins.
        silent: Reads commands and answers none.
        refusing: Throws everyone out at the door, as the access list does.
        deaf: Lets nobody log in: not a byte comes.
        commands: All that came, in order, after the login.
    """

    channels: dict[UUID, dict[str, str]] = field(default_factory=dict)
    answers: dict[str, str | Callable[[str], str]] = field(default_factory=dict)
    silent: bool = False
    refusing: bool = False
    deaf: bool = False
    commands: list[str] = field(default_factory=list)
    logins: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._clients: list[_Client] = []
        self._tasks: set[asyncio.Task[None]] = set()
        await self.listen()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        await self.die()

    async def listen(self) -> None:
        """Again on the same port after `die`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """As a process that is killed: no notice, no more connections."""
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Ends every connection without a word."""
        for client in self._clients:
            client.writer.transport.abort()
        self._clients.clear()

    def fire(self, name: str, headers: Mapping[str, str], body: str = "", subclass: str = "") -> None:
        """An event to whoever subscribed to it and filters it in."""
        all_headers = {"Event-Name": name, **({"Event-Subclass": subclass} if subclass else {}), **headers}
        for client in self._clients:
            if client.wants(all_headers):
                client.writer.write(event_plain(all_headers, body))

    def fire_raw(self, data: bytes) -> None:
        for client in self._clients:
            client.writer.write(data)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            text = b"Access Denied, go away.\n"
            writer.write(b"Content-Type: text/rude-rejection\nContent-Length: %d\n\n%s" % (len(text), text))
            return
        client = _Client(writer)
        self._clients.append(client)
        if self.deaf:
            await reader.read()
            return
        writer.write(b"Content-Type: auth/request\n\n")
        command = (await reader.readuntil(b"\n\n")).decode().strip()
        if command != f"auth {PASSWORD}":
            notice = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
            writer.write(_reply("-ERR invalid"))
            writer.write(
                b"Content-Type: text/disconnect-notice\nContent-Length: %d\n\n%s" % (len(notice), notice)
            )
            await writer.drain()
            return
        writer.write(_reply("+OK accepted"))
        self.logins += 1
        while True:
            command = (await reader.readuntil(b"\n\n")).decode().removesuffix("\n\n")
            self.commands.append(command)
            if not self.silent:
                self._answer(client, command)

    def _answer(self, client: _Client, command: str) -> None:
        verb, _, rest = command.partition(" ")
        write = client.writer.write
        match verb:
            case "api":
                text = self._api(rest).encode() or b"-ERR no reply\n"
                write(b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(text), text))
            case "bgapi":
                self._background(client, rest)
            case "sendmsg":
                uuid = rest.split("\n", 1)[0]
                known = self._channel(uuid) is not None
                write(_reply("+OK" if known else f"-ERR invalid session id [{uuid}]"))
            case "event":
                client.events |= set(rest.split()[1:]) - {"CUSTOM"}
                write(_reply("+OK event listener enabled plain"))
            case "filter":
                self._filter(client, rest)
            case _:
                write(_reply("-ERR command not found"))

    def _filter(self, client: _Client, rest: str) -> None:
        words = rest.split()
        if words[0] == "delete":
            # switch_event_del_header_val takes all of that name and value.
            client.filters = [pair for pair in client.filters if pair != (words[1], words[2])]
            client.writer.write(_reply(f"+OK filter deleted. [{words[1]}][{words[2]}]"))
            return
        client.filters.append((words[0], words[1]))
        client.writer.write(_reply(f"+OK filter added. [{words[0]}]=[{words[1]}]"))

    def _background(self, client: _Client, rest: str) -> None:
        command, _, job = rest.partition("\nJob-UUID: ")
        job = job or str(uuid4())
        client.writer.write(_reply(f"+OK Job-UUID: {job}", f"Job-UUID: {job}\n"))
        result = self._api(command)
        self.fire("BACKGROUND_JOB", {"Job-UUID": job, "Job-Command": command.split(" ", 1)[0]}, result)

    def _channel(self, uuid: str) -> dict[str, str] | None:
        try:
            return self.channels.get(UUID(uuid))
        except ValueError:
            return None

    def _api(self, command: str) -> str:
        for beginning in sorted(self.answers, key=len, reverse=True):
            if command.startswith(beginning):
                answer = self.answers[beginning]
                return answer if isinstance(answer, str) else answer(command)
        verb, *words = command.split(" ")
        if not verb.startswith("uuid_"):
            return f"-ERR {verb} Command not found!\n"
        channel = self._channel(words[0])
        if verb == "uuid_exists":
            return "true" if channel is not None else "false"
        if channel is None:
            return "-ERR Operation Failed\n" if verb == "uuid_audio_stream" else "-ERR No such channel!\n"
        return self._channel_api(verb, channel, words)

    def _channel_api(self, verb: str, channel: dict[str, str], words: list[str]) -> str:
        match verb:
            case "uuid_getvar":
                return channel.get(words[1], "_undef_")
            case "uuid_setvar":
                channel[words[1]] = words[2] if len(words) > 2 else ""
            case "uuid_kill":
                del self.channels[UUID(words[0])]
            case "uuid_bridge" if self._channel(words[1]) is None:
                return "-ERR Invalid uuid\n"
        return "+OK\n"


def _reply(text: str, more: str = "") -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n{more}\n".encode()


def event_plain(headers: Mapping[str, str], body: str = "") -> bytes:
    """As switch_event_serialize writes it: every value percent-encoded, the body as it is."""
    lines = "".join(f"{name}: {quote(value, safe='') or '_undef_'}\n" for name, value in headers.items())
    raw = body.encode()
    inner = lines.encode() + (b"Content-Length: %d\n\n%s" % (len(raw), raw) if raw else b"\n")
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(inner), inner)
