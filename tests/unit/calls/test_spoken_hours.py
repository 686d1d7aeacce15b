from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.calls.tables import TABLES, WORKDAYS, table
from voice_ai_service.calls.hours import WEEKDAYS, BusinessHours
from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.calls.spoken_hours import spoken_moment, spoken_week

OFFICE = {day: [("08:00", "18:00")] for day in WORKDAYS}


@pytest.mark.parametrize(
    ("week", "portuguese", "english"),
    [
        (OFFICE, "de segunda a sexta das 8 às 18 horas", "Monday to Friday from 8 AM to 6 PM"),
        (
            OFFICE | {"sat": [("09:00", "12:00")]},
            "de segunda a sexta das 8 às 18 horas e sábado das 9 ao meio-dia",
            "Monday to Friday from 8 AM to 6 PM and Saturday from 9 AM to noon",
        ),
        (
            {"mon": [("08:00", "12:00"), ("13:30", "18:15")]},
            "segunda das 8 ao meio-dia, e das 13 e meia às 18 e 15",
            "Monday from 8 AM to noon and from 1:30 PM to 6:15 PM",
        ),
        (
            {"mon": [("08:00", "12:00")], "tue": [("08:00", "12:00")]},
            "segunda e terça das 8 ao meio-dia",
            "Monday and Tuesday from 8 AM to noon",
        ),
        (
            {"fri": [("22:00", "00:00")], "sat": [("22:00", "01:00")]},
            "sexta das 22 à meia-noite e sábado das 22 à 1 hora",
            "Friday from 10 PM to midnight and Saturday from 10 PM to 1 AM",
        ),
        (
            {day: [("07:00", "20:00")] for day in WEEKDAYS},
            "todos os dias das 7 às 20 horas",
            "every day from 7 AM to 8 PM",
        ),
        ({"sun": [("00:00", "00:00")]}, "domingo o dia inteiro", "Sunday all day"),
        (
            {"mon": [("08:00", "09:00")], "wed": [("08:00", "09:00")], "fri": [("08:00", "09:00")]},
            "segunda das 8 às 9 horas, quarta das 8 às 9 horas e sexta das 8 às 9 horas",
            "Monday from 8 AM to 9 AM, Wednesday from 8 AM to 9 AM and Friday from 8 AM to 9 AM",
        ),
        ({}, "fechado todos os dias", "closed every day"),
    ],
)
def test_a_week_in_words(week: dict[str, list[tuple[str, str]]], portuguese: str, english: str) -> None:
    assert spoken_week(table(week), "pt-BR") == portuguese
    assert spoken_week(table(week), "en") == english


def test_always_open_in_words() -> None:
    hours = BusinessHours(always_open=True)
    assert spoken_week(hours, "pt-BR") == "24 horas por dia, todos os dias"
    assert spoken_week(hours, "en") == "24 hours a day, every day"


@pytest.mark.parametrize(
    ("at", "portuguese", "english"),
    [
        ("2026-03-06T21:15", "hoje às 21 e 15", "today at 9:15 PM"),
        ("2026-03-07T08:00", "amanhã às 8 horas", "tomorrow at 8 AM"),
        ("2026-03-09T12:00", "na segunda ao meio-dia", "on Monday at noon"),
        ("2026-03-08T01:00", "no domingo à 1 hora", "on Sunday at 1 AM"),
        ("2026-03-13T08:00", "no dia 13 de março às 8 horas", "on March 13 at 8 AM"),
        ("2027-01-01T00:00", "no dia primeiro de janeiro à meia-noite", "on January 1 at midnight"),
    ],
)
def test_a_coming_moment_in_words(at: str, portuguese: str, english: str) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    now = datetime(2026, 3, 6, 20, 0, tzinfo=zone)
    moment = datetime.fromisoformat(at).replace(tzinfo=zone)
    assert spoken_moment(moment, now, "pt-BR") == portuguese
    assert spoken_moment(moment, now, "en") == english


@given(TABLES, st.sampled_from(LANGUAGES))
def test_every_table_can_be_said(raw: dict[str, Any], language: str) -> None:
    text = spoken_week(BusinessHours.model_validate(raw), language)
    assert text
    assert "  " not in text
    assert text == text.strip()
