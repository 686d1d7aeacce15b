"""Which language models carry a call."""

from __future__ import annotations

from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.dialogue.turn import ModelChoice
from voice_ai_service.providers.factory import ProviderFactory


async def model_choice(factory: ProviderFactory, secretary: Secretary) -> ModelChoice | None:
    """None where the domain has no language model: the embedded responder answers."""
    chain = await factory.llm(secretary.domain_uuid, secretary.settings.providers.llm)
    return None if chain is None else ModelChoice(chain)
