"""Chat completions of a model deployed in Azure OpenAI."""

from __future__ import annotations

from voice_ai_service.providers.azure_openai import AzureResource, open_azure
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.llm.openai import OpenAiChat, OpenAiChatSettings


class AzureChatSettings(AzureResource, OpenAiChatSettings):
    """`model`: what is deployed, for conversations and prices."""


async def build(context: ProviderContext, settings: AzureChatSettings, secret: str | None) -> OpenAiChat:
    opened = await open_azure(settings, secret, context)
    return OpenAiChat(
        opened.wire,
        settings,
        path=f"/chat/completions{opened.query}",
        asked_model=settings.deployment,
    )
