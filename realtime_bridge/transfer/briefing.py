"""What who was rung is told: who calls, what about, and the question. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers

from realtime_bridge.transfer.seam import TransferRequest
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.dialogue.speakable import speakable

MAX_SUBJECT_CHARS: Final = 120
MAX_NAME_CHARS: Final = 60
_DIGIT: Final = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Briefing:
    """Sentences in the request's language; `again` follows an answer that was none."""

    announcement: str
    question: str
    again: str


def briefing_of(request: TransferRequest) -> Briefing:
    spoken = texts(request.language)
    caller = _caller(request) or spoken.briefing_unknown
    subject = speakable(request.subject)[:MAX_SUBJECT_CHARS].strip(" .")
    announcement = (
        spoken.briefing_subject.format(caller=caller, subject=subject)
        if subject
        else spoken.briefing.format(caller=caller)
    )
    return Briefing(announcement, spoken.briefing_question, spoken.briefing_again)


def _caller(request: TransferRequest) -> str:
    """A name, else the number as it is dictated: its groups one after another, each digit on its own."""
    name = speakable(request.caller_name)[:MAX_NAME_CHARS].strip(" .")
    if name and not _DIGIT.search(name):
        return name
    number = request.caller_number
    try:
        parsed = phonenumbers.parse(number, None)
        number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        pass  # an extension, or whatever the network sent
    groups = re.findall(r"[0-9]+", number)
    return ", ".join(" ".join(group) for group in groups)
