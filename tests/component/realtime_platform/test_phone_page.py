"""The test phone in a real browser, with a microphone that plays a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from tests.component.realtime_platform.conftest import RealtimePlatform
from tests.component.realtime_platform.test_realtime_call_command import _until_ready
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.providers.tts.embedded import EmbeddedTts

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
RATE_HZ = 16000


async def _microphone(path: Path) -> None:
    """Silence while the secretary greets, then two questions, each with time for its answer."""

    def silence(seconds: float) -> bytes:
        return bytes(int(RATE_HZ * seconds) * 2)

    tts = EmbeddedTts()
    try:
        questions = [
            resample(await tts.speak(text, "pt-BR"), RATE_HZ).samples
            for text in ("Qual o horário de funcionamento?", "Qual é o endereço?")
        ]
    finally:
        await tts.aclose()
    samples = silence(8) + questions[0] + silence(8) + questions[1] + silence(30)
    path.write_bytes(write_wav(PcmAudio(samples, RATE_HZ)))


async def test_a_call_of_two_turns(realtime_platform: RealtimePlatform, tmp_path: Path) -> None:
    _until_ready(realtime_platform)
    microphone = tmp_path / "microphone.wav"
    await _microphone(microphone)
    async with playwright.async_playwright() as browsers:
        browser = await browsers.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}%noloop",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        page = await browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"{realtime_platform.health_url}/phone?extension=8000&domain=demo.local")
        await page.fill("#token", realtime_platform.token)
        await page.click("#call")
        await page.wait_for_selector("#bars small:nth-of-type(2)", timeout=60_000)
        lines = await page.locator("#transcript li").all_inner_texts()
        await page.click("#hangup")
        await page.wait_for_selector("#state[data-state=ended]")
        await browser.close()
    assert faults == []
    assert lines[1] == "qual o horário de funcionamento"
    assert lines[3] == "qual é o endereço"
    assert len(lines) == 5


def test_without_a_token_nothing_is_set_up(realtime_platform: RealtimePlatform) -> None:
    _until_ready(realtime_platform)
    with httpx.Client(base_url=realtime_platform.health_url, trust_env=False) as browser:
        page = browser.get("/phone/")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        calls = "/phone/calls"
        assert browser.post(calls, json={"extension": "8000"}).status_code == 401
        wrong = {"Authorization": "Bearer nobody"}
        assert browser.post(calls, json={"extension": "8000"}, headers=wrong).status_code == 401
        mine = {"Authorization": f"Bearer {realtime_platform.token}"}
        bad = browser.post(calls, json={"extension": "8000; rm"}, headers=mine)
        assert bad.status_code == 400
        assert bad.json()["problem"].startswith("extension")
        assert browser.post(calls, content=b"x" * 10_000, headers=mine).status_code == 400
