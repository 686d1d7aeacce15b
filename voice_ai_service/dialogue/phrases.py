"""What the secretary says by itself, per language; the sentences are data (`texts.<language>.json`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from string import Formatter
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.secretary import LANGUAGES, Localized, Secretary
from voice_ai_service.calls.spoken_hours import spoken_moment, spoken_week
from voice_ai_service.text.languages import closest

MAX_LISTED: Final = 6
"""Names in one spoken list; nobody remembers more by ear."""


class _Slots(frozenset[str]):
    """The names in braces that a sentence has."""


def _slots(*names: str) -> _Slots:
    return _Slots(names)


_Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), _slots()]
_Destination = Annotated[str, StringConstraints(min_length=1), _slots("destination")]
_Destinations = Annotated[str, StringConstraints(min_length=1), _slots("destinations")]
_Hours = Annotated[str, StringConstraints(min_length=1), _slots("hours")]
_Help = Annotated[str, StringConstraints(min_length=1), _slots("help")]


class Texts(BaseModel):
    """One language's sentences. Field by field as in the data file; what stands in braces is checked at load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting: Annotated[str, _slots("business")]
    greeting_unnamed: _Sentence
    disclosure: _Sentence
    recording_notice: _Sentence
    how_can_i_help: _Sentence
    greeting_back: _Sentence
    reprompt: _Sentence
    not_understood: _Sentence
    not_understood_again: _Help
    not_known: _Sentence
    trouble: _Sentence
    apology: _Sentence
    busy: _Sentence
    refused: _Sentence
    closed: _Sentence
    closed_week: _Hours
    closed_until: Annotated[str, _slots("moment")]
    transferring: _Destination
    confirm_transfer: _Destination
    transfer_failed: _Destination
    transfer_busy: _Destination
    transfer_refused: _Destination
    transfer_impossible: _Destination
    briefing: Annotated[str, _slots("caller")]
    briefing_subject: Annotated[str, _slots("caller", "subject")]
    briefing_unknown: _Sentence
    briefing_question: _Sentence
    briefing_again: _Sentence
    which_destination: _Destinations
    offer_message: _Sentence
    message_prompt: _Sentence
    message_empty: _Sentence
    message_taken: _Sentence
    ticket_requested: Annotated[str, _slots("protocol")]
    uncertain: _Sentence
    not_done: _Sentence
    not_said: _Sentence
    hours: _Hours
    hours_holiday: Annotated[str, _slots("holiday")]
    hours_unknown: _Sentence
    help: Annotated[str, _slots("abilities")]
    help_facts: Annotated[str, _slots("topics")]
    help_hours: _Sentence
    help_transfer: _Destinations
    help_message: _Sentence
    anything_else: _Sentence
    you_are_welcome: _Sentence
    alright: _Sentence
    go_ahead: _Sentence
    nothing_to_repeat: _Sentence
    from_documents: Annotated[str, _slots("text")]
    unknown_key: _Help
    farewell: _Sentence
    limit_turns: _Sentence
    limit_duration: _Sentence
    limit_near: _Sentence
    limit_budget: _Sentence
    one_moment: _Sentence
    still_there: _Sentence
    caller_silent: _Sentence
    gave_up: _Sentence
    and_: Annotated[str, _slots()]
    or_: Annotated[str, _slots()]


def texts(language: str) -> Texts:
    """The sentences of a language that secretaries speak; of the first of them for any other tag."""
    return _load(closest(language, LANGUAGES) or LANGUAGES[0])


def spoken_list(items: Sequence[str], joiner: str) -> str:
    """ "a, b ou c", at most `MAX_LISTED` of them."""
    shown = list(items[:MAX_LISTED])
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {joiner} {shown[-1]}"


def localized(text: Localized, language: str, default_language: str) -> tuple[str, str] | None:
    """The tenant's text in a language, else in the secretary's first, with the language it is in; None without."""
    for candidate in (language, default_language):
        if candidate in text:
            return text[candidate], candidate
    return None


def greeting_for(secretary: Secretary, is_open: bool, now: datetime, *, default_zone: str) -> str:
    """The first words of a call, in the secretary's first language.

    Greeting, disclosure, recording notice, and at last the question that the caller answers. Closed: instead of
    the question, why nobody can be reached; the notice stays, since a message may be recorded.
    """
    language = secretary.language
    settings = secretary.settings
    spoken = texts(language)
    greeting, question = _greeting(secretary)
    parts = [greeting]
    if settings.disclosure:
        parts.append(spoken.disclosure)
    if settings.record_calls:
        parts.append(settings.recording_notice.get(language, spoken.recording_notice))
    parts.append(question if is_open else closed_text(secretary, now, language, default_zone=default_zone))
    return " ".join(part for part in parts if part)


def closed_text(secretary: Secretary, now: datetime, language: str, *, default_zone: str) -> str:
    """Why nobody can be reached now and when somebody can: the tenant's words, else the table's."""
    settings = secretary.settings
    spoken = texts(language)
    if language in settings.outside_hours:
        return settings.outside_hours[language]
    if settings.hours is None:
        return spoken.closed
    parts = [spoken.closed]
    if settings.hours.week:
        parts.append(spoken.closed_week.format(hours=spoken_week(settings.hours, language)))
    opens = settings.hours.next_opening(now, default_zone)
    if opens is not None and opens > now:
        parts.append(spoken.closed_until.format(moment=spoken_moment(opens, now, language)))
    return " ".join(parts)


def hours_text(secretary: Secretary, now: datetime, language: str, *, default_zone: str) -> str:
    """The answer to "when are you open?"."""
    hours = secretary.settings.hours
    spoken = texts(language)
    if hours is None:
        return spoken.hours_unknown
    answer = spoken.hours.format(hours=spoken_week(hours, language))
    today = now.astimezone(hours.zone(default_zone)).date()
    holiday = hours.holiday_name(today)
    if holiday is None or hours.openings_on(today):
        return answer
    return f"{answer} {spoken.hours_holiday.format(holiday=holiday)}"


def help_text(secretary: Secretary, destinations: Sequence[Destination], language: str) -> str:
    """What the caller can ask for."""
    settings = secretary.settings
    spoken = texts(language)
    abilities: list[str] = []
    # Topics are written once, in the secretary's first language.
    if settings.facts and language == secretary.language:
        topics = spoken_list([fact.topic for fact in settings.facts], spoken.and_)
        abilities.append(spoken.help_facts.format(topics=topics))
    if settings.hours is not None:
        abilities.append(spoken.help_hours)
    if destinations:
        names = spoken_list([one.name for one in destinations], spoken.or_)
        abilities.append(spoken.help_transfer.format(destinations=names))
    abilities.append(spoken.help_message)
    return spoken.help.format(abilities=spoken_list(abilities, spoken.or_))


def _greeting(secretary: Secretary) -> tuple[str, str]:
    """The greeting and its closing question, so that disclosures can stand between them."""
    settings = secretary.settings
    own = settings.greeting.get(secretary.language)
    if own is not None:
        return _split_question(own)
    spoken = texts(secretary.language)
    name = settings.business_name
    return spoken.greeting.format(business=name) if name else spoken.greeting_unnamed, spoken.how_can_i_help


def _split_question(text: str) -> tuple[str, str]:
    if not text.endswith("?"):
        return text, ""
    before = max(text.rfind(mark, 0, -1) for mark in (". ", "! ", "? "))
    return (text[: before + 1], text[before + 2 :]) if before >= 0 else ("", text)


@cache
def _load(language: str) -> Texts:
    source = resources.files(__package__) / f"texts.{language}.json"
    loaded = Texts.model_validate_json(source.read_text(encoding="utf-8"))
    for name, field in Texts.model_fields.items():
        expected = next(iter(one for one in field.metadata if isinstance(one, _Slots)), _slots())
        found = {slot for _, slot, _, _ in Formatter().parse(getattr(loaded, name)) if slot is not None}
        if found != set(expected):
            raise ValueError(
                f"texts.{language}.json: {name} needs {sorted(expected)} in braces, has {sorted(found)}"
            )
    return loaded


for _language in LANGUAGES:  # read at import, so that a broken file stops the start and no call
    _load(_language)
del _language
