"""The recognisers that are reached over a network, as the catalogue lists them."""

from __future__ import annotations

from typing import Final

from voice_ai_service.providers.entry import ProviderEntry, ProviderKind
from voice_ai_service.providers.stt import deepgram

ENTRIES: Final = (
    ProviderEntry(
        ProviderKind.STT,
        deepgram.NAME,
        deepgram.DeepgramSettings,
        deepgram.build,
        secret_required=True,
        capabilities=deepgram.CAPABILITIES,
    ),
)
