"""FreeSWITCH's half of the simulation: `freeswitch`, its API commands, and the threads of mod_lua."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import structlog

from voice_ai_service.simulated_caller.curl_command import separate
from voice_ai_service.simulated_caller.http_wire import Exchange, HttpWire
from voice_ai_service.simulated_caller.lua import lua_object, new_runtime, run_script, text

log = structlog.get_logger()


class Media(Protocol):
    """What API commands do to the one channel. True where FreeSWITCH says +OK."""

    def start_recording(self, path: Path, variables: Mapping[str, str]) -> bool: ...

    def stop_recording(self, path: Path) -> bool: ...

    def start_displacing(self, file: str) -> bool: ...

    def stop_displacing(self, file: str) -> bool: ...


class Pbx:
    """
    Args:
        globals_: Global variables: `voice_ai_url` and the others.
        observe: Told of every exchange with the service.

    Attributes:
        commands: Every API command, in order: name and argument as they came from Lua.
        console: What the scripts wrote to FreeSWITCH's log.
    """

    def __init__(
        self,
        globals_: Mapping[str, str],
        clock_ms: Callable[[], int],
        call_uuid: str,
        observe: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.wire = HttpWire(clock_ms, observe)
        self.commands: list[tuple[str, bytes]] = []
        self.console: list[tuple[str, str]] = []
        self.media: Media | None = None
        self._globals = dict(globals_)
        self._call_uuid = call_uuid
        self._threads: list[threading.Thread] = []
        self._ended = threading.Condition()
        self._closed = False

    def freeswitch(self, runtime: Any) -> Any:
        """The global `freeswitch` of one Lua state."""
        table = runtime.table()
        api = lua_object(runtime, {"execute": self.execute})
        functions: Mapping[str, Callable[..., Any]] = {
            "API": lambda: api,
            "consoleLog": self._console_log,
            "getGlobalVariable": self._global_variable,
            "msleep": self._msleep,
        }
        for name, function in functions.items():
            table[name.encode()] = function
        return table

    def execute(self, name: Any, argument: Any = b"") -> bytes:
        if self._closed:
            raise RuntimeError("this simulated PBX is gone")
        command, line = text(name), argument if isinstance(argument, bytes) else text(argument).encode()
        self.commands.append((command, line))
        if command == "curl":
            return self.wire.curl(line)
        if command == "luarun":
            return self._luarun(line)
        if command == "uuid_record":
            return self._uuid_record(line)
        if command == "uuid_displace":
            return self._uuid_displace(line)
        return b"-ERR " + command.encode() + b" Command not found!\n"

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def wait_for_threads(self, seconds: float) -> None:
        """Until one of mod_lua's threads ends, or for so long; at once when none runs."""
        with self._ended:
            if self.busy:
                self._ended.wait(seconds)

    def join(self, seconds: float) -> None:
        """Until all of them ended, at the most so long."""
        deadline = time.monotonic() + seconds
        while self.busy and time.monotonic() < deadline:
            self.wait_for_threads(min(0.1, deadline - time.monotonic()))

    def close(self) -> None:
        """Threads that still run end at their next API command."""
        self._closed = True
        self.wire.close()

    def _luarun(self, line: bytes) -> bytes:
        path, *arguments = separate(line, 128)
        thread = threading.Thread(target=self._run_thread, args=(path.decode(), arguments), daemon=True)
        self._threads.append(thread)
        thread.start()
        return b"+OK\n"

    def _run_thread(self, path: str, arguments: list[bytes]) -> None:
        runtime = new_runtime()
        runtime.globals()[b"freeswitch"] = self.freeswitch(runtime)
        try:
            run_script(runtime, path, arguments)
        except Exception as error:  # noqa: BLE001 - the border of a thread of mod_lua, which logs and ends
            self._console_log(b"ERR", str(error).encode())
        finally:
            with self._ended:
                self._ended.notify_all()

    def _uuid_record(self, line: bytes) -> bytes:
        words = [word.decode("utf-8", "replace") for word in separate(line, 5)]
        if len(words) < 3 or self.media is None or words[0] != self._call_uuid:
            return b"-ERR Cannot locate session!\n"
        path = Path(words[2])
        if words[1] == "stop":
            return _said(self.media.stop_recording(path), "Cannot stop record session!")
        return _said(self.media.start_recording(path, _variables(words[4:])), "Cannot record session!")

    def _uuid_displace(self, line: bytes) -> bytes:
        words = [word.decode("utf-8", "replace") for word in separate(line, 5)]
        if len(words) < 3 or self.media is None or words[0] != self._call_uuid:
            return b"-ERR Cannot locate session!\n"
        if words[1] == "stop":
            return _said(self.media.stop_displacing(words[2]), "Cannot stop displace session!")
        return _said(self.media.start_displacing(words[2]), "Cannot displace session!")

    def _console_log(self, level: Any, message: Any) -> None:
        self.console.append((text(level), text(message).rstrip()))
        serious = text(level).upper() in ("ERR", "WARNING")
        (log.warning if serious else log.debug)("freeswitch console", message=text(message).rstrip())

    def _global_variable(self, name: Any) -> bytes | None:
        value = self._globals.get(text(name))
        return None if value is None else value.encode()

    def _msleep(self, ms: Any) -> None:
        self.wait_for_threads(float(ms) / 1000)


def _said(done: bool, problem: str) -> bytes:
    return b"+OK Success\n" if done else b"-ERR " + problem.encode() + b"\n"


def _variables(words: list[str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in words[0].strip("{}").split(",")) if words else ()
    return {name: value for name, _, value in pairs if name}
