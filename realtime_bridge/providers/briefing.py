"""What a speech-to-speech model is told of its call, from the one prompt builder and the call as it stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from realtime_bridge.providers.vendor import Briefing
from realtime_bridge.session.view import CallView
from voice_ai_service.dialogue.history import messages_before
from voice_ai_service.dialogue.prompt import build_instructions
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.turn import Heard, TurnContext
from voice_ai_service.providers.llm.seam import ToolSpec

MAX_HISTORY: Final = 40
MAX_PHRASES: Final = 60

OfferedTools = Callable[[TurnContext, tuple[str, ...]], tuple[ToolSpec, ...]]
"""`tools.runner.ToolRunner.offered`."""


def briefing_of(view: CallView, offered: OfferedTools, sample_rate_hz: int, now: datetime) -> Briefing:
    """For a brain that is made at this moment: the first one, or one that takes over."""
    turn = TurnContext(
        call=view.state,
        turn=view.turn,
        plan=view.plan,
        tenant=view.tenant,
        heard=Heard(),
        is_open=view.plan.is_open(now, view.tenant.time_zone),
        now=now,
    )
    prompt = build_instructions(turn)
    languages = turn.secretary.settings.languages
    phrases = (phrase.text for phrase in phrases_for(view.plan) if phrase.language in languages)
    return Briefing(
        instructions=prompt.messages[0].text,
        tools=offered(turn, prompt.topics_left_out),
        language=turn.language,
        languages=languages,
        sample_rate_hz=sample_rate_hz,
        history=messages_before(view.state.turns, view.turn, MAX_HISTORY),
        phrases=tuple(phrases)[:MAX_PHRASES],
    )
