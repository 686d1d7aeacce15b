"""A speech-to-speech provider, as rows and lists know it. The conversation itself is the bridge's: it makes a brain
from the access that a row gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from voice_ai_service.providers.entry import ProviderContext, ProviderSettings


@dataclass(frozen=True, slots=True)
class RealtimeAccess:
    """Leave to talk with one provider: all that its adapter in the bridge needs. Nothing is open yet.

    Attributes:
        name: The registry's name of the provider.
    """

    name: str
    settings: ProviderSettings
    secret: str | None = field(repr=False)
    context: ProviderContext = field(repr=False)

    async def aclose(self) -> None:
        """Nothing to close: a call's connection is closed by the call."""
