"""The simulated PBX with mod_audio_stream in it: events, a parked channel, and a stream that a test plays."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from voice_ai_service.simulated_caller.caller import Caller
from voice_ai_service.simulated_caller.channel import Channel
from voice_ai_service.simulated_caller.line import Line
from voice_ai_service.simulated_caller.lua import SCRIPTS_DIR, lua_object, new_runtime, run_script, text
from voice_ai_service.simulated_caller.pbx import Pbx

INDEX: Final = str(SCRIPTS_DIR / "app" / "voice_secretary" / "index.lua")


class _Bus:
    """FreeSWITCH's events: by class, to every consumer that bound it."""

    def __init__(self) -> None:
        self._consumers: list[tuple[set[str], queue.SimpleQueue[dict[str, str]]]] = []
        self._lock = threading.Lock()

    def consumer(self, runtime: Any, _event: Any, subclass: Any, _size: Any = None) -> Any:
        bound, waiting = {text(subclass)}, queue.SimpleQueue[dict[str, str]]()
        with self._lock:
            self._consumers.append((bound, waiting))

        def pop(_block: Any, _timeout: Any = None) -> Any:
            try:
                headers = waiting.get_nowait()
            except queue.Empty:
                return None
            return lua_object(runtime, {"getHeader": lambda name: _bytes(headers.get(text(name)))})

        return lua_object(runtime, {"bind": lambda _event, name: bound.add(text(name)), "pop": pop})

    def event(self, runtime: Any, _event: Any, subclass: Any) -> Any:
        headers = {"Event-Subclass": text(subclass)}

        def add(name: Any, value: Any) -> None:
            headers[text(name)] = text(value)

        return lua_object(runtime, {"addHeader": add, "fire": lambda: self.fire(dict(headers))})

    def fire(self, headers: dict[str, str]) -> None:
        with self._lock:
            for bound, waiting in self._consumers:
                if headers["Event-Subclass"] in bound:
                    waiting.put(headers)


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


class StreamingPbx(Pbx):
    """
    Attributes:
        streams: (verb, arguments) of every `uuid_audio_stream`.
        refuses: What `start` says instead of +OK.
        watchers: The threads of all that were started.
    """

    def __init__(self, globals_: Mapping[str, str], clock_ms: Callable[[], int], call_uuid: str) -> None:
        super().__init__(globals_, clock_ms, call_uuid)
        self.channel: ParkingChannel | None = None
        self.streams: list[tuple[str, str]] = []
        self.refuses: str | None = None
        self.watchers: list[threading.Thread] = []
        self._bus, self._uuid = _Bus(), call_uuid

    def freeswitch(self, runtime: Any) -> Any:
        table = super().freeswitch(runtime)
        table[b"Event"] = lambda event, subclass: self._bus.event(runtime, event, subclass)
        table[b"EventConsumer"] = lambda event, subclass, size=None: self._bus.consumer(
            runtime, event, subclass
        )
        table[b"setGlobalVariable"] = self._set_global
        return table

    def stream_says(self, name: str, uuid: str | None = None) -> None:
        """One of mod_audio_stream's events: connect, json, error, disconnect."""
        self._bus.fire({"Event-Subclass": f"mod_audio_stream::{name}", "Unique-ID": uuid or self._uuid})

    def variable(self, name: str) -> str | None:
        return self._globals.get(name)

    def execute(self, name: Any, argument: Any = b"") -> bytes:
        command, line = text(name), text(argument)
        words = line.split(" ")
        match command:
            case "bgapi":
                self.execute(words[0], " ".join(words[1:]))
                return b"+OK Job-UUID: 1\n"
            case "create_uuid":
                return str(uuid4()).encode()
            case "uuid_audio_stream":
                self.commands.append((command, line.encode()))
                return self._audio_stream(words)
            case "uuid_getvar" | "uuid_setvar" | "uuid_transfer":
                self.commands.append((command, line.encode()))
                return self._of_the_channel(command, words)
        return super().execute(name, argument)

    def _luarun(self, line: bytes) -> bytes:
        said = super()._luarun(line)
        # The watcher outlives its calls by two seconds: nobody waits for it.
        if b"/watch.lua " in line:
            self.watchers.append(self._threads.pop())
        return said

    def _msleep(self, ms: Any) -> None:
        if self._closed:
            raise RuntimeError("this simulated PBX is gone")
        time.sleep(float(ms) / 1000)

    def _set_global(self, name: Any, value: Any) -> None:
        self._globals[text(name)] = text(value)

    def _audio_stream(self, words: list[str]) -> bytes:
        if words == [""]:
            return b"-USAGE: <uuid> [start | stop | send_text | pause | resume | graceful-shutdown ] ...\n"
        self.streams.append((words[1], " ".join(words[2:])))
        if words[1] == "start" and self.refuses is not None:
            return self.refuses.encode()
        return b"+OK Success\n"

    def _of_the_channel(self, command: str, words: list[str]) -> bytes:
        channel = self.channel
        if channel is None or words[0] != self._uuid:
            return b"-ERR No such channel!\n"
        if command == "uuid_getvar":
            return channel.variables.get(words[1], "_undef_").encode()
        if command == "uuid_setvar":
            channel.variables[words[1]] = words[2]
        else:
            channel.go_elsewhere(" ".join(words[1:]))
        return b"+OK\n"


class ParkingChannel(Channel):
    """
    Attributes:
        parked: Set while the channel is parked.
        sent_to: Where API commands transferred it, in order.
    """

    def __init__(self, line: Line, caller: Caller, pbx: StreamingPbx, variables: Mapping[str, str]) -> None:
        super().__init__(line, caller, pbx, variables)
        self.parked = threading.Event()
        self.sent_to: list[str] = []

    def _execute(self, application: Any, data: Any = b"") -> None:
        super()._execute(application, data)
        if text(application) != "park":
            return
        self.parked.set()
        while self.ready():
            self.sleep(20)
        self.parked.clear()

    def sleep(self, ms: Any) -> None:
        """In real time while it waits for the watcher or is parked: others do something meanwhile."""
        if self.parked.is_set() or not self.answered:
            time.sleep(float(ms) / 1000)
        super().sleep(ms)

    def go_elsewhere(self, where: str) -> None:
        self.sent_to.append(where)
        self.transferred_to = where

    def begins_again(self) -> None:
        """Its next extension is being executed."""
        self.transferred_to = None

    def end(self, disposition: str) -> None:
        """`recv_bye`: the far end. Else it is killed, and who did it is written down later."""
        if disposition:
            self.variables["sip_hangup_disposition"] = disposition
        self.hangup_cause = "NORMAL_CLEARING"


class StreamedCall:
    """One call of the shipped scripts on a PBX that streams. `begin` and `rescue` run in threads of their own."""

    def __init__(self, url: str, token: str, work: str, **variables: str) -> None:
        self.uuid = str(uuid4())
        caller = Caller(())
        self.line = Line(caller, noise_dbfs=None, pace=lambda _ms: None)
        globals_ = {
            "voice_ai_url": url, "voice_ai_token": token, "voice_ai_work_dir": work, "temp_dir": work,
            "script_dir": str(SCRIPTS_DIR),
        }  # fmt: skip
        self.pbx = StreamingPbx(globals_, self.line.now_ms, self.uuid)
        known = {
            "uuid": self.uuid,
            "destination_number": "8000",
            "context": "public",
            "domain_uuid": str(uuid4()),
        }
        self.channel = ParkingChannel(self.line, caller, self.pbx, known | variables)
        self.pbx.media = self.pbx.channel = self.channel
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        self._start([])

    def rescue(self) -> None:
        """What the inline dial plan of the watcher's transfer does."""
        self.channel.begins_again()
        self._start([b"rescue"])

    def _start(self, arguments: list[bytes]) -> None:
        thread = threading.Thread(target=self._run, args=(arguments,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, arguments: list[bytes]) -> None:
        runtime = new_runtime()
        runtime.globals()[b"freeswitch"] = self.pbx.freeswitch(runtime)
        runtime.globals()[b"session"] = self.channel.session(runtime)
        run_script(runtime, INDEX, arguments)

    def join(self, seconds: float = 10) -> None:
        """Until the scripts are over."""
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "the script does not end"

    def close(self) -> None:
        self.pbx.join(5)
        self.line.close()
        self.pbx.close()
