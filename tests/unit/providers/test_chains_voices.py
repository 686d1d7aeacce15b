"""A voice's name belongs to one engine: what happens when another engine, or nobody, knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.providers import Script, ScriptedTts, Watching, down, link_to
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.breaker import BreakerState
from voice_ai_service.providers.chains import TtsChain
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.tts.seam import TtsOptions

CLOCK = LoopClock()


class OneVoice(ScriptedTts):
    """Knows one voice; `asked` are the voices it was asked for."""

    def __init__(self, knows: str) -> None:
        super().__init__()
        self.knows = knows
        self.asked: list[str | None] = []

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncIterator[bytes]:  # type: ignore[override]
        self.asked.append(options.voice)
        if options.voice not in (None, self.knows):
            raise ProviderRefused("no such voice", provider="one", field="voice")
        async for text in texts:
            yield text.encode()


def chain(*providers: ScriptedTts) -> TtsChain:
    links = [link_to(one, CLOCK, name) for one, name in zip(providers, ("first", "second"), strict=False)]
    return TtsChain(ProviderKind.TTS, links, CLOCK, Watching())


async def spoken(chain: TtsChain, **options: object) -> bytes:
    async def texts() -> AsyncIterator[str]:
        yield "bom "
        yield "dia"

    wanted = TtsOptions("pt-BR", **options)  # type: ignore[arg-type]
    return b"".join([chunk async for chunk in chain.stream(texts(), wanted)])


@virtual_time
async def test_a_voice_that_is_not_known_is_replaced_and_nothing_of_the_text_is_lost() -> None:
    engine = OneVoice("clara")
    assert await spoken(chain(engine), voice="nova") == b"bom dia"
    assert engine.asked == ["nova", None]


@virtual_time
async def test_the_next_provider_speaks_with_its_own_voice() -> None:
    engine = OneVoice("clara")
    assert await spoken(chain(ScriptedTts(Script(error=down())), engine), voice="nova") == b"bom dia"
    assert engine.asked == [None]


@virtual_time
async def test_who_needs_that_very_voice_is_told() -> None:
    with pytest.raises(ProviderRefused) as refused:
        await spoken(chain(OneVoice("clara")), voice="nova", voice_required=True)
    assert refused.value.field == "voice"


@virtual_time
async def test_wrong_voices_of_one_tenant_do_not_rest_the_engine_for_all_others() -> None:
    shared = chain(OneVoice("clara"))
    for _ in range(20):
        with pytest.raises(ProviderRefused):
            await spoken(shared, voice="nova", voice_required=True)
    assert shared.links[0].breaker.state is BreakerState.CLOSED
    assert await spoken(shared, voice="clara") == b"bom dia"
