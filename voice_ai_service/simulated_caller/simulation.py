"""One simulated call from dialling to the end, and what came of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from uuid import UUID, uuid4

from voice_ai_service.errors import Unavailable
from voice_ai_service.simulated_caller.caller import Caller, Spoken, Step
from voice_ai_service.simulated_caller.channel import Channel
from voice_ai_service.simulated_caller.http_wire import Exchange
from voice_ai_service.simulated_caller.line import Line, Playout
from voice_ai_service.simulated_caller.lua import SCRIPTS_DIR, new_runtime, run_script
from voice_ai_service.simulated_caller.pbx import Pbx

Speed = Literal["fast", "realtime"]
_INDEX: Final = Path("app", "voice_secretary", "index.lua")


@dataclass(frozen=True, slots=True)
class Dialling:
    """
    Attributes:
        domain: Name or uuid of the tenant.
        caller_number: What the network says the caller's number is.
        noise_dbfs: Level of the noise on the caller's side, or None.
        hang_up_at_ms: After answer.
    """

    url: str
    token: str
    extension: str
    domain: str | None
    caller_number: str = ""
    steps: Sequence[Step] = ()
    hang_up_at_ms: int | None = None
    speed: Speed = "fast"
    noise_dbfs: float | None = None
    timeout_s: int = 15
    fallback: str | None = None
    transport: Literal["inline", "shared"] = "inline"
    report_wait_s: float = 15.0
    """How long to wait for the report of the call's end; the scripts themselves try for a minute."""
    call_uuid: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """Everything observed. `line` still holds the audio of both sides."""

    call_uuid: UUID
    exchanges: Sequence[Exchange]
    spoken: Sequence[Spoken]
    playouts: Sequence[Playout]
    answered: bool
    transferred_to: str | None
    hung_up_by: str | None
    hangup_cause: str | None
    line: Line
    applications: Sequence[tuple[str, str]]
    commands: Sequence[tuple[str, bytes]]
    console: Sequence[tuple[str, str]]


def place_call(
    dialling: Dialling,
    *,
    scripts: Path = SCRIPTS_DIR,
    observe: Callable[[Exchange], None] | None = None,
) -> CallOutcome:
    """Blocks until the call and its report are over.

    Args:
        observe: Told of every exchange with the service as it ends, from any thread.

    Raises:
        Unavailable: There is no Lua runtime, or the scripts are not there.
    """
    if not (scripts / _INDEX).exists():
        raise Unavailable(
            "FreeSWITCH's Lua scripts are not beside this package",
            fix="Run it from a clone of the repository",
        )
    with tempfile.TemporaryDirectory(prefix="voice-ai-call-") as folder:
        return _Simulation(dialling, Path(folder), scripts, observe).run()


class _Simulation:
    def __init__(
        self, dialling: Dialling, folder: Path, scripts: Path, observe: Callable[[Exchange], None] | None
    ) -> None:
        self._dialling = dialling
        self._scripts = scripts
        self._caller = Caller(dialling.steps, hang_up_at_ms=dialling.hang_up_at_ms)
        self._line = Line(self._caller, noise_dbfs=dialling.noise_dbfs, pace=_pace(dialling.speed))
        call_uuid = str(dialling.call_uuid)
        self._pbx = Pbx(_globals(dialling, folder, scripts), self._line.now_ms, call_uuid, observe)
        self._channel = Channel(self._line, self._caller, self._pbx, _variables(dialling))
        self._pbx.media = self._channel

    def run(self) -> CallOutcome:
        runtime = new_runtime()
        runtime.globals()[b"freeswitch"] = self._pbx.freeswitch(runtime)
        runtime.globals()[b"session"] = self._channel.session(runtime)
        try:
            run_script(runtime, str(self._scripts / _INDEX), [])
            self._pbx.join(self._dialling.report_wait_s)
        finally:
            self._line.close()
            self._pbx.close()
        return self._outcome()

    def _outcome(self) -> CallOutcome:
        channel = self._channel
        return CallOutcome(
            call_uuid=self._dialling.call_uuid,
            exchanges=self._pbx.wire.exchanges(),
            spoken=self._caller.spoken,
            playouts=self._line.view.playouts,
            answered=channel.answered,
            transferred_to=channel.transferred_to,
            hung_up_by=channel.hung_up_by,
            hangup_cause=channel.hangup_cause,
            line=self._line,
            applications=channel.applications,
            commands=self._pbx.commands,
            console=self._pbx.console,
        )


def _globals(dialling: Dialling, folder: Path, scripts: Path) -> dict[str, str]:
    return {
        "voice_ai_url": dialling.url,
        "voice_ai_token": dialling.token,
        "voice_ai_audio": dialling.transport,
        "voice_ai_timeout_s": str(dialling.timeout_s),
        "voice_ai_work_dir": str(folder),
        "script_dir": str(scripts),
        "temp_dir": str(folder),
    }


def _variables(dialling: Dialling) -> dict[str, str]:
    variables = {
        "uuid": str(dialling.call_uuid),
        "destination_number": dialling.extension,
        "caller_id_number": dialling.caller_number,
        "context": "public",
    }
    if dialling.domain is not None:
        variables["domain_uuid" if _is_uuid(dialling.domain) else "domain_name"] = dialling.domain
    if dialling.fallback is not None:
        variables["voice_secretary_fallback"] = dialling.fallback
    return variables


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _pace(speed: Speed) -> Callable[[int], None]:
    """Holds the line back to real time, on an absolute clock; or does not."""
    if speed == "fast":
        return lambda _now_ms: None
    began: list[float] = []

    def wait(now_ms: int) -> None:
        if not began:
            began.append(time.monotonic() - now_ms / 1000)
        ahead = began[0] + now_ms / 1000 - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)

    return wait
