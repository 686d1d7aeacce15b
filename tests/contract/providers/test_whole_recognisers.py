"""What every recogniser's request for a whole utterance makes of an answer, and of a vendor that fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract.providers.stt_wires import OPTIONS, SAID, WHOLE, WholeWire
from tests.contract.providers.wires import HASTY
from tests.fakes.http_server import Answer
from tests.fakes.recogniser_vendor import VENDOR_WORDS
from tests.fakes.tones import tone
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import (
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.stt.seam import SttOptions

SPEECH = PcmAudio(tone(1000, 8000, 300.0), 8000)

each = pytest.mark.parametrize("wire", WHOLE, ids=lambda wire: wire.name)


@each
async def test_an_utterance_is_heard(wire: WholeWire) -> None:
    async with wire.open() as (requests, provider):
        heard = await provider.transcribe(SPEECH, OPTIONS)
        assert (heard.text, heard.language) == (SAID, "pt-BR")
        if provider.capabilities.word_times:
            assert [one.text for one in heard.words] == SAID.split()
        assert requests


@each
async def test_nobody_said_anything(wire: WholeWire) -> None:
    async with replace(wire, answer=lambda request, _: wire.answer(request, "")).open() as (_, provider):
        assert (await provider.transcribe(SPEECH, OPTIONS)).text == ""


@each
@pytest.mark.parametrize(
    ("status", "headers", "expected", "field"),
    [
        (400, {}, ProviderRefused, None),
        (401, {}, ProviderRefused, "secret"),
        (402, {}, ProviderRefused, "secret"),
        (403, {}, ProviderRefused, "secret"),
        (404, {}, ProviderRefused, "settings.model"),
        (408, {}, ProviderTimeout, None),
        (429, {"retry-after": "7"}, ProviderBusy, None),
        (500, {}, ProviderUnavailable, None),
        (503, {}, ProviderUnavailable, None),
    ],
)
async def test_a_status_is_one_of_our_errors(
    wire: WholeWire, status: int, headers: dict[str, str], expected: type[ProviderError], field: str | None
) -> None:
    error = await failure(wire, wire.error(status, "SOMETHING", headers))
    assert (type(error), error.field) == (expected, field)
    if status == 429:
        assert error.retry_after_s == 7


@each
async def test_a_wrong_key(wire: WholeWire) -> None:
    async with wire.open(key=wire.key.replace("correct", "wrong")) as (_, provider):
        with pytest.raises(ProviderRefused) as caught:
            await provider.transcribe(SPEECH, OPTIONS)
    assert caught.value.field == "secret"


@each
@pytest.mark.parametrize("body", [b"<html>", b'{"text', b"[]", b'{"message": "Sorry"}', b"null"])
async def test_what_is_no_answer_is_no_transcript(wire: WholeWire, body: bytes) -> None:
    page = Answer(200, {"content-type": "application/json"}, (body,), whole=True)
    assert isinstance(await failure(wire, page), ProviderProtocol)


@each
async def test_silence_is_a_timeout(wire: WholeWire) -> None:
    async with wire.open(lambda answer: replace(answer, silent=True), timeouts=HASTY) as (_, provider):
        with pytest.raises(ProviderTimeout):
            await provider.transcribe(SPEECH, SttOptions(("pt-BR",), timeout_s=0.2))


@each
async def test_a_stall_in_the_middle_is_a_timeout(wire: WholeWire) -> None:
    async with wire.open(lambda answer: replace(answer, stall_after=0)) as (_, provider):
        with pytest.raises(ProviderTimeout):
            await provider.transcribe(SPEECH, SttOptions(("pt-BR",), timeout_s=0.2))


@each
async def test_a_cut_is_no_answer(wire: WholeWire) -> None:
    async with wire.open(lambda answer: replace(answer, cut_after=0, whole=True)) as (_, provider):
        with pytest.raises(ProviderUnavailable):
            await provider.transcribe(SPEECH, OPTIONS)


@each
async def test_an_address_inside_is_refused(wire: WholeWire) -> None:
    async with wire.open(context=ProviderContext()) as (requests, provider):
        with pytest.raises(ProviderRefused) as caught:
            await provider.transcribe(SPEECH, OPTIONS)
    assert (caught.value.field, requests) == ("settings.base_url", [])


async def failure(wire: WholeWire, answer: Answer) -> ProviderError:
    async with wire.open(lambda _: answer) as (requests, provider):
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(SPEECH, OPTIONS)
        assert len(requests) == 1
    assert caught.value.provider == wire.name
    assert VENDOR_WORDS not in str(caught.value)
    return caught.value
