from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.secretaries import DESTINATIONS, SETTINGS
from voice_ai_service.calls.secretary import SecretarySettings
from voice_ai_service.calls.validated import check_destinations, parse_settings
from voice_ai_service.errors import InvalidInput

FACT = {"topic": "t", "questions": {}, "answer": {"pt-BR": "a"}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"languages": []}, "settings.languages"),
        ({"languages": ["pt-BR", "pt-BR"]}, "settings.languages"),
        ({"languages": ["xx"]}, "settings.languages.0"),
        ({"limits": {"max_turns": 0}}, "settings.limits.max_turns"),
        ({"limits": {"max_turn": 3}}, "settings.limits.max_turn"),
        ({"fallback": {"kind": "transfer"}}, "settings.fallback.destination"),
        ({"closed_action": {"kind": "transfer"}}, "settings.closed_action.destination"),
        ({"dtmf": {"1": {"action": "transfer"}}}, "settings.dtmf.1.destination"),
        ({"dtmf": {"12": {"action": "repeat"}}}, "settings.dtmf.12"),
        ({"greeting": {"en": "Hello"}}, "settings.greeting.pt-BR"),
        ({"greeting": {"xx": "Hello"}}, "settings.greeting.xx"),
        ({"facts": [FACT, FACT | {"answer": {"en": "a"}}]}, "settings.facts.1.answer.pt-BR"),
        ({"facts": [FACT] * 201}, "settings.facts"),
        ({"hours": {"time_zone": "Mars/X"}}, "settings.hours.time_zone"),
        ({"hours": {"holidays_country": "XX"}}, "settings.hours.holidays_country"),
        ({"hours": {"always_open": True, "week": {"mon": []}}}, "settings.hours.always_open"),
        ({"persona": "x" * 8001}, "settings.persona"),
        ({"unknown": 1}, "settings.unknown"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_settings(changes)
    assert caught.value.field == field
    assert caught.value.message[0].isupper()


def test_settings_survive_the_way_to_json_and_back() -> None:
    settings = parse_settings(SETTINGS)
    assert parse_settings(settings.model_dump(mode="json")) == settings
    assert parse_settings({}) == SecretarySettings()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fallback": {"kind": "transfer", "destination": "lua"}}, "settings.fallback.destination"),
        ({"closed_action": {"kind": "message", "destination": "lua"}}, "settings.closed_action.destination"),
        ({"dtmf": {"#": {"action": "transfer", "destination": "lua"}}}, "settings.dtmf.#.destination"),
    ],
)
def test_a_destination_that_is_not_there_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_destinations(parse_settings(changes), DESTINATIONS)
    assert caught.value.field == field


def test_destinations_are_named_as_callers_name_them() -> None:
    settings = parse_settings({"fallback": {"kind": "transfer", "destination": "Front Desk"}})
    check_destinations(settings, DESTINATIONS)
