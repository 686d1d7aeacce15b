"""FreeSWITCH dies under a realtime call and comes back: the bridge's event socket recovers by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_bridge.call_control import ChannelEventKind
from tests.fakes.turn_service import TOKEN
from tests.freeswitch.bridge_stand_in import bridge_stand_in
from tests.freeswitch.conftest import FALLBACK, FreeSwitch
from tests.freeswitch.realtime import pbx_control, realtime_call
from voice_ai_service.errors import Unavailable

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(120)]


@pytest.fixture
def daemon(freeswitch: FreeSwitch) -> Iterator[Daemon]:
    found = Daemon(freeswitch)
    if not found.can_start:
        pytest.skip(f"no run.sh or no pid file in {freeswitch.folder}: it could not be started again")
    if not freeswitch.esl.api("uuid_audio_stream").startswith("-USAGE"):
        pytest.skip("mod_audio_stream is not loaded")
    yield found
    found.start()


class Daemon:
    def __init__(self, freeswitch: FreeSwitch) -> None:
        self._freeswitch = freeswitch
        self._script = freeswitch.folder / "run.sh"
        self._pid_file = freeswitch.folder / "run" / "freeswitch.pid"

    @property
    def can_start(self) -> bool:
        return self._script.exists() and self._pid_file.exists()

    def kill(self) -> None:
        os.kill(int(self._pid_file.read_text()), signal.SIGKILL)

    def start(self) -> None:
        subprocess.run([self._script, "start"], check=True, stdout=subprocess.DEVNULL, timeout=60)
        self._freeswitch.esl.__exit__(None, None, None)
        self._freeswitch.esl.__enter__()
        self._freeswitch.esl.api(f"global_setvar voice_ai_token={TOKEN}")


async def test_killed_and_started_again(daemon: Daemon) -> None:
    async with bridge_stand_in() as bridge, pbx_control() as control:
        async with realtime_call(bridge, fallback=FALLBACK) as call:
            channel_uuid = call.caller.channel_uuid
            async with control.events(channel_uuid) as events:
                await asyncio.to_thread(daemon.kill)
                async with asyncio.timeout(5):
                    await call.caller.closed.wait()
                    while control.connected:
                        await asyncio.sleep(0.01)
                with pytest.raises(Unavailable):
                    await control.hang_up(channel_uuid)
                await asyncio.to_thread(daemon.start)
                async with asyncio.timeout(15):
                    found = [event async for event in events]
            assert [event.kind for event in found] == [ChannelEventKind.LOST]
            # Of a call whose script was killed with FreeSWITCH; freeswitch/README.md says so.
            for path in Path("/tmp").glob(f"voice-secretary-{channel_uuid}-*"):
                path.unlink()
        # And the next call is as if nothing had been.
        async with realtime_call(bridge, fallback=FALLBACK) as call:
            async with control.events(call.caller.channel_uuid) as events:
                await control.hang_up(call.caller.channel_uuid)
                found = [event async for event in events]
            assert found[-1].kind is ChannelEventKind.HUNG_UP
            assert await call.ended()


def test_the_pid_file_is_the_daemons(daemon: Daemon, freeswitch: FreeSwitch) -> None:
    """Otherwise the test above would kill somebody else."""
    pid = int((freeswitch.folder / "run" / "freeswitch.pid").read_text())
    assert b"freeswitch" in Path(f"/proc/{pid}/cmdline").read_bytes()
