"""A real FreeSWITCH, on loopback.

`VOICE_AI_TEST_FREESWITCH` names its folder: one with `bin/fs_cli`, `conf/dialplan/*.xml` read into the context that SIP
calls enter, `scripts`, and an event socket on 127.0.0.1:8021. The caller is a leg of the same FreeSWITCH that calls it
over SIP and RTP, so codecs, jitter and DTMF are real. Without the variable these tests are skipped.
"""

from __future__ import annotations

import os
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pytest

from tests.fakes.turn_service import TOKEN
from tests.freeswitch.esl import Esl
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav

REPOSITORY = Path(__file__).resolve().parents[2]
DOMAIN_UUID = "11111111-1111-4111-8111-111111111111"
FALLBACK, TONE = "8190", "8191"
DIALPLAN = f"""<include>
  <extension name="voice_secretary_test"><condition field="destination_number" expression="^(81[01]\\d)$">
    <action application="set" data="domain_uuid={DOMAIN_UUID}"/>
    <action application="set" data="voice_ai_url=${{sip_h_X-Service}}"/>
    <action application="set" data="voice_ai_audio=${{sip_h_X-Transport}}"/>
    <action application="set" data="voice_secretary_fallback=${{sip_h_X-Fallback}}"/>
    <action application="set" data="voice_ai_playout=${{sip_h_X-Playout}}"/>
    <action application="lua" data="app/voice_secretary/index.lua"/>
  </condition></extension>
  <extension name="voice_secretary_test_global"><condition field="destination_number" expression="^8120$">
    <action application="set" data="domain_uuid={DOMAIN_UUID}"/>
    <action application="lua" data="app/voice_secretary/index.lua"/>
  </condition></extension>
  <extension name="voice_secretary_test_domains"><condition field="destination_number" expression="^(813\\d)$">
    <action application="set" data="domain_name=${{sip_to_host}}"/>
    <action application="set" data="voice_ai_url=${{sip_h_X-Service}}"/>
    <action application="lua" data="app/voice_secretary/index.lua"/>
  </condition></extension>
  <extension name="voice_secretary_test_tone"><condition field="destination_number" expression="^(819[01])$">
    <action application="answer"/>
    <action application="playback" data="tone_stream://%(10000,0,1000)"/>
  </condition></extension>
</include>
"""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Heard:
    """The call as the caller's leg recorded it, since answer, 8 kHz.

    Attributes:
        heard: What came from the secretary.
        said: What the caller sent.
    """

    heard: Samples
    said: Samples

    def loud(self, side: Samples, threshold: int = 400) -> list[tuple[int, int]]:
        """Stretches of sound in ms, of 100 ms and more, with gaps below 100 ms closed."""
        frames = np.abs(side[: len(side) // 80 * 80].reshape(-1, 80).astype(int)).max(axis=1) > threshold
        stretches: list[tuple[int, int]] = []
        for index in np.flatnonzero(frames):
            start, end = int(index) * 10, int(index) * 10 + 10
            if stretches and start - stretches[-1][1] < 100:
                stretches[-1] = (stretches[-1][0], end)
            else:
                stretches.append((start, end))
        return [(start, end) for start, end in stretches if end - start >= 100]

    def pitch_hz(self, side: Samples, start_ms: int, end_ms: int) -> float:
        part = side[start_ms * 8 : end_ms * 8].astype(float)
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return float(np.argmax(spectrum) * 8000 / len(part))


class FreeSwitch:
    def __init__(self, folder: Path, esl: Esl, work: Path) -> None:
        self.folder, self.esl, self._work = folder, esl, work

    def dial(
        self, url: str, audio: PcmAudio, number: str = "8100", host: str = "127.0.0.1", **variables: str
    ) -> CallerLeg:
        """Calls over SIP and plays `audio` from the answer on; the leg hangs up when it is over.

        Args:
            url: The service that the scripts ask.
            host: In the request and in `To:`; the tenant's name for the numbers 813x.
        """
        uuid = str(uuid4())
        spoken, recording = self._work / f"{uuid}-says.wav", self._work / f"{uuid}-both.wav"
        spoken.write_bytes(write_wav(audio))
        settings = {
            "origination_uuid": uuid, "absolute_codec_string": "PCMU", "RECORD_STEREO": "true",
            "execute_on_answer": f"'record_session {recording}'", "origination_caller_id_number": "1001",
            "sip_h_X-Service": url, "sip_h_X-Transport": "inline", "ignore_early_media": "true", **variables,
        }  # fmt: skip
        joined = ",".join(f"{name}={value}" for name, value in settings.items() if value)
        began = time.monotonic()
        address = f"sofia/internal/{number}@{host};fs_path=sip:127.0.0.1:5060"
        answer = self.esl.api(f"originate {{{joined}}}{address} &playback({spoken})")
        return CallerLeg(self, uuid, recording, answer, time.monotonic() - began)


@dataclass
class CallerLeg:
    pbx: FreeSwitch
    uuid: str
    recording: Path
    answer: str
    """What `originate` said: +OK once answered, else -ERR and the cause."""
    setup_s: float

    def press(self, keys: str) -> None:
        self.pbx.esl.api(f"uuid_send_dtmf {self.uuid} {keys}")

    def hang_up(self) -> None:
        self.pbx.esl.api(f"uuid_kill {self.uuid}")

    def is_up(self) -> bool:
        return self.pbx.esl.api(f"uuid_exists {self.uuid}") == "true"

    def wait(self, seconds: float = 40) -> Heard:
        """Until the call is over."""
        deadline = time.monotonic() + seconds
        while self.is_up():
            assert time.monotonic() < deadline, "the call does not end"
            time.sleep(0.1)
        time.sleep(0.3)
        with wave.open(str(self.recording)) as file:
            both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
            step = file.getframerate() // 8000
        return Heard(heard=both[::step, 0], said=both[::step, 1])


@pytest.fixture(scope="session")
def freeswitch_folder() -> Path:
    named = os.environ.get("VOICE_AI_TEST_FREESWITCH")
    if not named:
        pytest.skip("VOICE_AI_TEST_FREESWITCH does not name a FreeSWITCH")
    folder = Path(named)
    if not (folder / "bin" / "fs_cli").exists():
        pytest.skip(f"no fs_cli in {folder}/bin")
    return folder


@pytest.fixture(scope="session")
def freeswitch(freeswitch_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreeSwitch]:
    """With the shipped scripts and two test extensions, which go when the tests are over."""
    script = freeswitch_folder / "scripts" / "app" / "voice_secretary"
    dialplan = freeswitch_folder / "conf" / "dialplan" / "97_voice_secretary_test.xml"
    work = tmp_path_factory.mktemp("freeswitch")
    linked = not script.exists()
    if linked:
        script.parent.mkdir(exist_ok=True)
        script.symlink_to(REPOSITORY / "freeswitch" / "scripts" / "app" / "voice_secretary")
    dialplan.write_text(DIALPLAN)
    try:
        with Esl() as esl:
            token = esl.api("global_getvar voice_ai_token")
            esl.api(f"global_setvar voice_ai_token={TOKEN}")
            esl.api("reloadxml")
            yield FreeSwitch(freeswitch_folder, esl, work)
            esl.api(f"global_setvar voice_ai_token={token}")
    finally:
        dialplan.unlink()
        if linked:
            script.unlink()
