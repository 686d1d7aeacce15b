"""Every adapter over a vendor's wire, brought to one shape: a fake of the vendor, the adapter, one request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from tests.fakes import (
    anthropic_server,
    azure_openai_server,
    bedrock_server,
    gemini_http_server,
    openai_server,
)
from tests.fakes.anthropic_server import fake_anthropic
from tests.fakes.azure_openai_server import fake_azure_openai
from tests.fakes.bedrock_server import fake_bedrock
from tests.fakes.embedding_servers import (
    COHERE_KEY,
    VOYAGE_KEY,
    FakeCohere,
    FakeVoyage,
    fake_cohere,
    fake_voyage,
)
from tests.fakes.gemini_http_server import fake_gemini
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import fake_openai
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.providers.embeddings import azure as azure_embeddings
from voice_ai_service.providers.embeddings import cohere, voyage
from voice_ai_service.providers.embeddings import gemini as gemini_embeddings
from voice_ai_service.providers.embeddings import openai as embeddings
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.entry import ProviderContext, StageTimeouts
from voice_ai_service.providers.llm import anthropic, azure, bedrock, gemini, openai
from voice_ai_service.providers.llm.seam import ChatMessage, ChatOptions, Role, Usage
from voice_ai_service.providers.stt import openai as stt
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.providers.tts import openai as tts
from voice_ai_service.providers.tts.seam import TtsOptions

LOOPBACK = ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"),))
PATIENT = StageTimeouts(connect_s=2, stall_s=5)
HASTY = StageTimeouts(connect_s=2, first_byte_s=0.2, stall_s=0.2)
COST = Usage(19, 10)
ONE_SECOND = PcmAudio(bytes(16000), 8000)


@dataclass(frozen=True)
class Wire:
    """
    Attributes:
        ask: One whole request.
        begin: The first piece of a streamed answer and the stream, or None where answers are whole.
        error: The vendor's own error answer: status, message, headers.
        cost: What the fake says that an answer of a chat model took.
    """

    name: str
    provider: str
    key: str
    fake: Callable[..., AbstractAsyncContextManager[Any]]
    build: Callable[..., Awaitable[Any]]
    settings: Callable[..., Any]
    ask: Callable[..., Awaitable[Any]]
    stream: Callable[..., Any] | None
    error: Callable[[int, str, Mapping[str, str]], Answer]
    cost: Usage = COST

    @asynccontextmanager
    async def open(
        self,
        *,
        timeouts: StageTimeouts = PATIENT,
        context: ProviderContext = LOOPBACK,
        key: str | None = None,
        base_url: str | None = None,
        **fake: Any,
    ) -> AsyncIterator[tuple[Any, Any]]:
        """The fake, and an adapter that talks to it."""
        async with self.fake(**fake) as server:
            settings = self.settings(base_url=base_url or server.base_url, timeouts=timeouts)
            provider = await self.build(context, settings, key or self.key)
            async with aclosing(provider):
                yield server, provider


async def _texts() -> AsyncIterator[str]:
    yield "Bom dia, Maria. "


def _chat(provider: Any, wait_s: float = 5) -> Any:
    options = ChatOptions(first_token_timeout_s=wait_s)
    return provider.chat([ChatMessage(Role.USER, "Olá")], [], options)


def _speech(provider: Any, wait_s: float = 5) -> Any:
    return provider.stream(_texts(), TtsOptions("pt-BR", first_byte_timeout_s=wait_s))


async def _all(stream: Any) -> list[Any]:
    async with aclosing(stream):
        return [item async for item in stream]


async def _chat_whole(provider: Any, wait_s: float = 5) -> Any:
    return await _all(_chat(provider, wait_s))


async def _speech_whole(provider: Any, wait_s: float = 5) -> Any:
    return await _all(_speech(provider, wait_s))


async def _transcribe(provider: Any, wait_s: float = 5) -> Any:
    return await provider.transcribe(ONE_SECOND, SttOptions(("pt-BR",), timeout_s=wait_s))


async def _embed(provider: Any, wait_s: float = 5) -> Any:
    """As for a question: nobody waits for a vendor that is busy."""
    return await provider.embed(["boleto", "segunda via"], Purpose.QUESTION)


def _openai_error(status: int, message: str, headers: Mapping[str, str]) -> Answer:
    return openai_server.error(status, message, None, headers=headers)


def _anthropic_error(status: int, message: str, headers: Mapping[str, str]) -> Answer:
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large",
             429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}  # fmt: skip
    return anthropic_server.error(status, kinds.get(status, "invalid_request_error"), message, headers)


def _azure_error(status: int, message: str, headers: Mapping[str, str]) -> Answer:
    return azure_openai_server.error(status, message, None, headers)


def _chat_wire(name: str, fake: Any, module: Any, settings: Any, error: Any, *, cost: Usage = COST) -> Wire:
    """`module` is the fake's, with its `KEY`."""
    return Wire(
        name=f"{name} chat",
        provider=name,
        key=module.KEY,
        fake=fake,
        build=settings[0],
        settings=settings[1],
        ask=_chat_whole,
        stream=_chat,
        error=error,
        cost=cost,
    )


def azure_settings(**more: Any) -> azure.AzureChatSettings:
    return azure.AzureChatSettings(**{"deployment": azure_openai_server.DEPLOYMENT, **more})


def azure_deployment_settings(**more: Any) -> azure.AzureChatSettings:
    return azure_settings(api_version=azure_openai_server.API_VERSION, **more)


def _over_openai(name: str, module: Any, settings: Callable[..., Any], ask: Any, stream: Any) -> Wire:
    return Wire(
        name,
        "openai_compatible",
        openai_server.KEY,
        fake_openai,
        module.build,
        settings,
        ask,
        stream,
        _openai_error,
    )


def chat_settings(**more: Any) -> openai.CompatibleChatSettings:
    return openai.CompatibleChatSettings(**{"model": "gpt-4.1-mini", **more})


def stt_settings(**more: Any) -> stt.CompatibleSttSettings:
    return stt.CompatibleSttSettings(**{"model": "whisper-1", **more})


def tts_settings(**more: Any) -> tts.CompatibleTtsSettings:
    return tts.CompatibleTtsSettings(**{"model": "tts-1", "voice": "alloy", **more})


def embeddings_settings(**more: Any) -> embeddings.CompatibleEmbeddingsSettings:
    return embeddings.CompatibleEmbeddingsSettings(
        **{"model": "text-embedding-3-small", "dimension": 8, **more}
    )


OPENAI_CHAT = _over_openai("openai chat", openai, chat_settings, _chat_whole, _chat)
OPENAI_STT = _over_openai("openai stt", stt, stt_settings, _transcribe, None)
OPENAI_TTS = _over_openai("openai tts", tts, tts_settings, _speech_whole, _speech)
OPENAI_EMBEDDINGS = _over_openai("openai embeddings", embeddings, embeddings_settings, _embed, None)
ANTHROPIC_CHAT = _chat_wire(
    "anthropic",
    fake_anthropic,
    anthropic_server,
    (anthropic.build, anthropic.AnthropicSettings),
    _anthropic_error,
    cost=Usage(25, 15),
)
AZURE_CHAT = _chat_wire(
    "azure_openai", fake_azure_openai, azure_openai_server, (azure.build, azure_settings), _azure_error
)
AZURE_DEPLOYMENT_CHAT = replace(
    AZURE_CHAT, name="azure_openai chat of a deployment", settings=azure_deployment_settings
)
GEMINI_CHAT = _chat_wire(
    "gemini",
    fake_gemini,
    gemini_http_server,
    (gemini.build, gemini.GeminiSettings),
    gemini_http_server.error,
)
BEDROCK_CHAT = _chat_wire(
    "bedrock", fake_bedrock, bedrock_server, (bedrock.build, bedrock.BedrockSettings), bedrock_server.error
)


def _embedding_wire(name: str, fake: Any, key: str, module: Any, settings: Any, error: Any) -> Wire:
    return Wire(
        name=f"{name} embeddings",
        provider=name,
        key=key,
        fake=fake,
        build=module.build,
        settings=settings,
        ask=_embed,
        stream=None,
        error=error,
    )


def azure_embeddings_settings(**more: Any) -> azure_embeddings.AzureEmbeddingsSettings:
    return azure_embeddings.AzureEmbeddingsSettings(**{"deployment": "phone", "dimension": 8, **more})


def azure_deployment_embeddings_settings(**more: Any) -> azure_embeddings.AzureEmbeddingsSettings:
    return azure_embeddings_settings(**{"api_version": azure_openai_server.API_VERSION, **more})


def cohere_settings(**more: Any) -> cohere.CohereEmbeddingsSettings:
    return cohere.CohereEmbeddingsSettings(**{"dimension": 8, **more})


def voyage_settings(**more: Any) -> voyage.VoyageEmbeddingsSettings:
    return voyage.VoyageEmbeddingsSettings(**{"dimension": 8, **more})


def gemini_embeddings_settings(**more: Any) -> gemini_embeddings.GeminiEmbeddingsSettings:
    return gemini_embeddings.GeminiEmbeddingsSettings(**{"dimension": 128, **more})


@asynccontextmanager
async def _fake_gemini_embeddings(**more: Any) -> AsyncIterator[gemini_http_server.FakeGemini]:
    """Its model gives 128 numbers and more."""
    wide = {"vector": lambda text: [float(len(text)), *[1.0] * 127]}
    async with fake_gemini(**{**wide, **more}) as server:
        yield server


AZURE_EMBEDDINGS = _embedding_wire(
    "azure_openai",
    fake_azure_openai,
    azure_openai_server.KEY,
    azure_embeddings,
    azure_embeddings_settings,
    _azure_error,
)
AZURE_DEPLOYMENT_EMBEDDINGS = replace(
    AZURE_EMBEDDINGS,
    name="azure_openai embeddings of a deployment",
    settings=azure_deployment_embeddings_settings,
)
COHERE_EMBEDDINGS = _embedding_wire(
    "cohere", fake_cohere, COHERE_KEY, cohere, cohere_settings, FakeCohere.error
)
VOYAGE_EMBEDDINGS = _embedding_wire(
    "voyage", fake_voyage, VOYAGE_KEY, voyage, voyage_settings, FakeVoyage.error
)
GEMINI_EMBEDDINGS = _embedding_wire(
    "gemini",
    _fake_gemini_embeddings,
    gemini_http_server.KEY,
    gemini_embeddings,
    gemini_embeddings_settings,
    gemini_http_server.error,
)

EMBEDDINGS = (
    *(OPENAI_EMBEDDINGS, AZURE_EMBEDDINGS, AZURE_DEPLOYMENT_EMBEDDINGS),
    *(COHERE_EMBEDDINGS, VOYAGE_EMBEDDINGS, GEMINI_EMBEDDINGS),
)
CHATS = (OPENAI_CHAT, ANTHROPIC_CHAT, AZURE_CHAT, AZURE_DEPLOYMENT_CHAT, GEMINI_CHAT, BEDROCK_CHAT)
WIRES = (*CHATS, OPENAI_STT, OPENAI_TTS, *EMBEDDINGS)
STREAMS = tuple(wire for wire in WIRES if wire.stream is not None)
EVENT_STREAMS = CHATS
