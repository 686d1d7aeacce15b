"""The part of the first words that the law wants heard: it is not interrupted. Pure."""

from __future__ import annotations

from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.dialogue.phrases import texts


def split_notice(greeting: str, secretary: Secretary) -> tuple[str, str]:
    """The greeting up to the end of the last notice in it, and the rest. Without a notice the first is empty."""
    settings, spoken = secretary.settings, texts(secretary.language)
    notices = []
    if settings.disclosure:
        notices.append(spoken.disclosure)
    if settings.record_calls:
        notices.append(settings.recording_notice.get(secretary.language, spoken.recording_notice))
    end = max((greeting.find(one) + len(one) for one in notices if one in greeting), default=0)
    return greeting[:end].strip(), greeting[end:].strip()
