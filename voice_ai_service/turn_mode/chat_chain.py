"""The tenant's language models, by preference, as the one model that the dialogue asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from uuid import UUID

from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.dialogue.turn import ModelChoice
from voice_ai_service.providers.chains import ChatChain
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    ToolSpec,
)


async def model_choice(factory: ProviderFactory, secretary: Secretary) -> ModelChoice | None:
    """None where the domain has no language model: the embedded responder answers."""
    domain_uuid: UUID = secretary.domain_uuid
    chain = await factory.llm(domain_uuid, secretary.settings.providers.llm)
    return None if chain is None else ModelChoice(_ChainedModel(chain), chain.names[0])


class _ChainedModel:
    """A ChatModel whose answers come from the first provider that gives one. The factory closes the providers."""

    capabilities = ChatCapabilities()

    def __init__(self, chain: ChatChain) -> None:
        self._chain = chain
        self.model = chain.links[0].model or chain.names[0]

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncIterator[ChatEvent]:
        async with aclosing(self._chain.chat(messages, tools, options)) as events:
            async for event in events:
                yield event

    async def aclose(self) -> None:
        """Nothing of its own is open."""
