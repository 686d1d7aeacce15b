"""Every language model that comes with us."""

from __future__ import annotations

from typing import Any, Final

from voice_ai_service.providers import azure_openai, google_api
from voice_ai_service.providers.entry import Build, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.llm import anthropic, azure, bedrock, gemini, openai
from voice_ai_service.providers.llm.presets import PRESETS, ChatPreset


def _entry(
    name: str, settings_model: type[ProviderSettings], build: Any, *, needs_key: bool = True
) -> ProviderEntry:
    made: Build = build
    return ProviderEntry(ProviderKind.LLM, name, settings_model, made, secret_required=needs_key)


def _preset(preset: ChatPreset) -> ProviderEntry:
    return _entry(preset.name, preset.settings_model, preset.builder(), needs_key=preset.url is not None)


CHAT_ENTRIES: Final = (
    _entry("openai", openai.OpenAiChatSettings, openai.build),
    _entry("openai_compatible", openai.CompatibleChatSettings, openai.build, needs_key=False),
    _entry(azure_openai.NAME, azure.AzureChatSettings, azure.build),
    _entry(anthropic.NAME, anthropic.AnthropicSettings, anthropic.build),
    _entry(google_api.NAME, gemini.GeminiSettings, gemini.build),
    _entry(bedrock.NAME, bedrock.BedrockSettings, bedrock.build),
    *(_preset(preset) for preset in PRESETS),
)
