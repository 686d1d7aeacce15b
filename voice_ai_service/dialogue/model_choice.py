"""Which language models carry a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.dialogue.turn import ChatSource, ModelChoice


class Models(Protocol):
    async def llm(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> ChatSource | None:
        """None when the domain has no language model. Raises Unavailable."""
        ...


async def model_choice(models: Models, secretary: Secretary) -> ModelChoice | None:
    """None where the domain has no language model: the embedded responder answers."""
    chain = await models.llm(secretary.domain_uuid, secretary.settings.providers.llm)
    return None if chain is None else ModelChoice(chain)
