"""Vectors of a conversation's messages, made after the call, where somebody can search them later."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import structlog

from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.conversations.repository import MessageVectors
from voice_ai_service.errors import ProviderError
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.chains import EmbeddingChain

log = structlog.get_logger()

_TIMEOUT_S = 5.0


class EmbeddingSource(Protocol):
    """`providers.factory.ProviderFactory`."""

    async def embeddings(self, domain_uuid: UUID) -> EmbeddingChain: ...


async def message_vectors(
    source: EmbeddingSource, metrics: Metrics, conversation: Conversation
) -> MessageVectors | None:
    """None when nobody could make them: the conversation is stored without."""
    texts = [message.text for message in conversation.messages]
    if not texts:
        return None
    chain = await source.embeddings(conversation.domain_uuid)
    try:
        used = await chain.embed(texts, timeout_s=_TIMEOUT_S)
    except ProviderError as error:
        log.warning("messages not embedded", code=error.code, provider=error.provider)
        return None
    model = used.model or used.provider
    metrics.embeddings.labels(used.provider).inc(len(texts))
    return MessageVectors(model, used.value)
