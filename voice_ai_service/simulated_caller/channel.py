"""The channel: what a Lua script knows as `session`."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.simulated_caller.caller import Caller
from voice_ai_service.simulated_caller.line import CallerRecorder, Line
from voice_ai_service.simulated_caller.lua import lua_object, text
from voice_ai_service.simulated_caller.pbx import Pbx

_TONE_SECONDS: Final = 3.0


class Channel:
    """Implements `pbx.Media` as well.

    Attributes:
        transferred_to: The number the script sent the call to, or None.
        hangup_cause: Of whoever ended it; None while it is up.
        hung_up_by: `caller` or `secretary`.
    """

    def __init__(self, line: Line, caller: Caller, pbx: Pbx, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)
        self.applications: list[tuple[str, str]] = []
        self.answered = False
        self.answered_at_ms: int | None = None
        self.transferred_to: str | None = None
        self.hangup_cause: str | None = None
        self.hung_up_by: str | None = None
        self._line, self._caller, self._pbx = line, caller, pbx
        self._runtime: Any = None
        self._table: Any = None
        self._input_callback: str | None = None

    def session(self, runtime: Any) -> Any:
        """The global `session`."""
        self._runtime = runtime
        self._table = lua_object(
            runtime,
            {
                "ready": self.ready,
                "answer": self.answer,
                "sleep": self.sleep,
                "getVariable": self._get_variable,
                "setVariable": self._set_variable,
                "execute": self._execute,
                "transfer": self._transfer,
                "hangup": self._hang_up,
                "getState": self._state,
                "setAutoHangup": lambda _on: None,
                "setInputCallback": self._set_input_callback,
                "unsetInputCallback": lambda: self._set_input_callback(None, None),
            },
        )
        return self._table

    def _state(self) -> bytes:
        if self.hangup_cause is not None:
            return b"CS_HANGUP"
        return b"CS_EXECUTE" if self.transferred_to is None else b"CS_ROUTING"

    def ready(self) -> bool:
        return self.hangup_cause is None and self.transferred_to is None

    def answer(self) -> None:
        if self.ready() and not self.answered:
            self.answered, self.answered_at_ms = True, self._line.now_ms()

    def sleep(self, ms: Any) -> None:
        """Reads and writes a frame every 20 ms; keys go to the callback in between, which may end it."""
        for _ in range(max(1, math.ceil(float(ms) / PTIME_MS))):
            self._see_hang_up()
            if not self.ready() or self._hand_over_key():
                return
            # While a request is under way the line is no faster than real time, or its latency were lost.
            self._pbx.wait_for_threads(PTIME_MS / 1000)
            if self.answered:
                self._line.step()
        self._see_hang_up()

    def _see_hang_up(self) -> None:
        if self._caller.hung_up and self.ready():
            self.hung_up_by = "caller"
            self.hangup_cause = "NORMAL_CLEARING" if self.answered else "ORIGINATOR_CANCEL"
            self.variables["sip_hangup_disposition"] = "recv_bye" if self.answered else "recv_cancel"
            self.variables["sip_term_cause"] = "16" if self.answered else "487"

    def _hand_over_key(self) -> bool:
        if not self._caller.keys or self._input_callback is None:
            return False
        key = self._caller.keys.pop(0)
        event = self._runtime.table()
        event[b"digit"], event[b"duration"] = key.encode(), 2000
        callback = self._runtime.globals()[self._input_callback.encode()]
        return text(callback(self._table, b"dtmf", event)) in ("break", "false")

    def _set_input_callback(self, name: Any, _argument: Any) -> None:
        self._input_callback = text(name) or None

    def _get_variable(self, name: Any) -> bytes | None:
        value = self.variables.get(text(name))
        return None if value is None else value.encode()

    def _set_variable(self, name: Any, value: Any) -> None:
        if value is None or value == b"":
            self.variables.pop(text(name), None)
        else:
            self.variables[text(name)] = text(value)

    def _execute(self, application: Any, data: Any = b"") -> None:
        self.applications.append((text(application), text(data)))
        if text(application) != "playback":
            return
        if text(data).startswith("tone_stream://"):
            self._line.play_tone(_TONE_SECONDS)
        else:
            self._line.play_file(text(data))

    def _transfer(self, number: Any, _dialplan: Any = None, _context: Any = None) -> None:
        if self.ready():
            self.transferred_to = text(number)

    def _hang_up(self, cause: Any = None) -> None:
        if self.ready():
            self.hangup_cause, self.hung_up_by = text(cause) or "NORMAL_CLEARING", "secretary"

    def start_recording(self, path: Path, variables: Mapping[str, str]) -> bool:
        if not self.answered or not self.ready():
            return False
        if variables.get("RECORD_READ_ONLY") != "true" or path.suffix != ".r8":
            return True  # of both sides, for the tenant: `Line.sides` has them anyway
        with contextlib.suppress(OSError):
            self._line.recorders[str(path)] = CallerRecorder(path)
            return True
        return False

    def stop_recording(self, path: Path) -> bool:
        recorder = self._line.recorders.pop(str(path), None)
        if recorder is not None:
            recorder.stop()
        return recorder is not None

    def start_displacing(self, file: str) -> bool:
        return self.answered and self.ready() and self._line.displace(file)

    def stop_displacing(self, file: str) -> bool:
        return self._line.stop_displacing(file)
