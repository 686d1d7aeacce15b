"""How long a voice on the line may keep a caller waiting."""

from __future__ import annotations

from typing import Final

from voice_ai_service.providers.entry import StageTimeouts

LIVE_TIMEOUTS: Final = StageTimeouts(connect_s=2.5, first_byte_s=2.5, stall_s=2.5)
"""`first_byte_s`: until the session is ready, and until something comes of a turn. Silence longer than this is taken
for a dead provider, and the next one is asked."""
