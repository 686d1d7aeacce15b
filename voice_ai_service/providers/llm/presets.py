"""Vendors and servers that speak OpenAI's chat completions: where they are, and in what they differ, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import Field

from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext
from voice_ai_service.providers.llm.openai import CompatibleChatSettings, OpenAiChat, OpenAiChatSettings
from voice_ai_service.providers.openai_wire import open_wire
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, as_openai_says


class GroqSettings(OpenAiChatSettings):
    model: ModelName = "llama-3.3-70b-versatile"


class XaiSettings(OpenAiChatSettings):
    model: ModelName = "grok-4-1-fast-non-reasoning"


class MistralSettings(OpenAiChatSettings):
    """It refuses fields that it does not know, and names of tool calls that are not its own."""

    model: ModelName = "mistral-small-latest"
    limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    asks_usage: bool = False
    call_ids: Literal["any", "nine_alphanumerics"] = "nine_alphanumerics"


class OpenRouterSettings(OpenAiChatSettings):
    model: ModelName = "openai/gpt-4.1-mini"
    limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"


class OllamaSettings(CompatibleChatSettings):
    base_url: BaseUrl = "http://127.0.0.1:11434/v1"
    context_tokens: int = Field(4096, ge=512)


class LmStudioSettings(CompatibleChatSettings):
    base_url: BaseUrl = "http://127.0.0.1:1234/v1"
    context_tokens: int = Field(4096, ge=512)


class VllmSettings(CompatibleChatSettings):
    """It takes tools only where it was started with a parser for the model's calls."""

    base_url: BaseUrl = "http://127.0.0.1:8000/v1"
    tools: bool = False


PresetSettings = OpenAiChatSettings | CompatibleChatSettings


@dataclass(frozen=True, slots=True)
class ChatPreset:
    """
    Attributes:
        url: The vendor's own; None for servers of one's own, where `settings.base_url` says it.
        refusal: What the vendor's error answers say.
    """

    name: str
    settings_model: type[PresetSettings]
    url: str | None = None
    refusal: Callable[[FailedAnswer], Refusal] = as_openai_says

    def builder(self) -> Callable[[ProviderContext, PresetSettings, str | None], Awaitable[OpenAiChat]]:
        async def build(context: ProviderContext, settings: PresetSettings, secret: str | None) -> OpenAiChat:
            return OpenAiChat(
                await open_wire(self.name, settings, secret, context, url=self.url, refusal=self.refusal),
                settings,
            )

        return build


def _as_openrouter_says(failed: FailedAnswer) -> Refusal:
    """A moderated model's word on what was said has a wrong key's status; its metadata tells them apart."""
    said = as_openai_says(failed)
    inner = failed.said.get("error") if isinstance(failed.said, dict) else None
    metadata = inner.get("metadata") if isinstance(inner, dict) else None
    flagged = failed.status == 403 and isinstance(metadata, dict) and "flagged_input" in metadata
    return replace(said, code="content_filter") if flagged else said


PRESETS: Final = (
    ChatPreset("groq", GroqSettings, "https://api.groq.com/openai/v1"),
    ChatPreset("xai", XaiSettings, "https://api.x.ai/v1"),
    ChatPreset("mistral", MistralSettings, "https://api.mistral.ai/v1"),
    ChatPreset("openrouter", OpenRouterSettings, "https://openrouter.ai/api/v1", _as_openrouter_says),
    ChatPreset("ollama", OllamaSettings),
    ChatPreset("lm_studio", LmStudioSettings),
    ChatPreset("vllm", VllmSettings),
)
