"""The scripted service, as one that has a bridge: who offers a stream gets its address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.turn_service import Reply, TurnService
from voice_ai_service.turn_mode.wire import SetupAnswer


@dataclass
class RealtimeService(TurnService):
    """
    Attributes:
        stream_url: Of a call, by the channel's uuid.
        offers: The `stream` of every set-up, None where there was none.
    """

    stream_url: Callable[[str], str] = field(default=lambda _uuid: "ws://127.0.0.1:9/none")
    offers: list[dict[str, Any] | None] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[Reply, dict[str, Any]]:
        reply, answer = super().answer(path, body)
        if path != "/api/v1/calls":
            return reply, answer
        offer = body.get("stream")
        self.offers.append(offer)
        if offer is not None:
            rate = offer["sample_rate_hz"]
            stream = {"url": self.stream_url(body["call_uuid"]), "sample_rate_hz": rate, "expires_s": 30}
            answer |= {"mode": "realtime", "audio": None, "stream": stream}
            SetupAnswer.model_validate(answer)
        return reply, answer
