"""A small tenant: one secretary in two languages, its destinations and rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from voice_ai_service.calls.call_plan import CallPlan, plan_for
from voice_ai_service.calls.destinations import Destination, DestinationKind, TransferRule
from voice_ai_service.calls.secretary import Mode, Secretary, SecretarySettings
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.turn import Heard, TurnContext
from voice_ai_service.tenancy.tenant import Tenant

DOMAIN = UUID("11111111-1111-4111-8111-111111111111")
SECRETARY = UUID("22222222-2222-4222-8222-222222222222")
CALL = UUID("33333333-3333-4333-8333-333333333333")
TENANT = Tenant(DOMAIN, "sol.example")
MONDAY_NOON = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""12:00 in São Paulo, a working day."""
SUNDAY_NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

WORKING_WEEK = {day: [{"opens": "08:00", "closes": "18:00"}] for day in ("mon", "tue", "wed", "thu", "fri")}
SETTINGS: dict[str, Any] = {
    "languages": ["pt-BR", "en"],
    "business_name": "Padaria Sol",
    "persona": "Você é cordial e objetiva.",
    "facts": [
        {
            "topic": "endereço",
            "questions": {"pt-BR": ["qual o endereço", "onde vocês ficam"], "en": ["where are you"]},
            "answer": {
                "pt-BR": "Ficamos na Rua das Flores, número dez.",
                "en": "We are at ten Flower Street.",
            },
        },
        {
            "topic": "horário de entrega",
            "questions": {"pt-BR": ["qual o horário de entrega"], "en": ["when do you deliver"]},
            "answer": {"pt-BR": "Entregamos das nove às onze."},
        },
    ],
    "hours": {"week": WORKING_WEEK, "holidays_country": "BR"},
    "dtmf": {
        "0": {"action": "transfer", "destination": "recepção"},
        "5": {"action": "message"},
        "7": {"action": "hours"},
        "8": {"action": "repeat"},
        "9": {"action": "hangup"},
    },
    "fallback": {"kind": "transfer", "destination": "recepção"},
}


def destination(name: str, number: str, *aliases: str, **changes: Any) -> Destination:
    values: dict[str, Any] = {
        "destination_uuid": UUID(int=int(number)),
        "name": name,
        "aliases": aliases,
        "kind": DestinationKind.EXTENSION,
        "number": number,
    }
    return Destination(**(values | changes))


def rule(intent: str, goes_to: str, *phrases: str, **changes: Any) -> TransferRule:
    values: dict[str, Any] = {
        "rule_uuid": UUID(int=sum(map(ord, intent))),
        "intent": intent,
        "phrases": phrases,
        "language": None,
        "destination": goes_to,
        "priority": 100,
    }
    return TransferRule(**(values | changes))


DESTINATIONS = (
    destination("recepção", "2000", "reception", "front desk"),
    destination("financeiro", "2001", "billing"),
    destination("vendas", "2002", "sales"),
    destination("caixa postal", "2003", "voicemail", kind=DestinationKind.VOICEMAIL),
)
RULES = (
    rule("cobrança", "financeiro", "cobranças", "segunda via do boleto", "boleto"),
    rule("cancel", "vendas", "cancel my order", language="en"),
    rule("urgência", "recepção", "emergência", "emergency", immediate=True),
)


def plan(
    settings: Mapping[str, Any] | None = None,
    *,
    destinations: tuple[Destination, ...] = DESTINATIONS,
    rules: tuple[TransferRule, ...] = RULES,
) -> CallPlan:
    """The tenant's plan; `settings` replaces whole fields of `SETTINGS`."""
    secretary = Secretary(
        secretary_uuid=SECRETARY,
        domain_uuid=DOMAIN,
        name="Clara",
        extension="8000",
        mode=Mode.TURN,
        version=3,
        settings=SecretarySettings.model_validate(SETTINGS | dict(settings or {})),
    )
    return plan_for(secretary, destinations, rules)


def call(**changes: Any) -> CallState:
    values: dict[str, Any] = {
        "call_uuid": CALL,
        "domain_uuid": DOMAIN,
        "secretary_uuid": SECRETARY,
        "secretary_version": 3,
        "started_at": MONDAY_NOON,
        "caller_number": "+5511987654321",
        "called_number": "8000",
    }
    return CallState(**(values | changes))


def turn(heard: str | Heard = "", **changes: Any) -> TurnContext:
    """The first turn of a call at noon on a Monday."""
    values: dict[str, Any] = {
        "call": call(),
        "turn": 1,
        "plan": plan(),
        "tenant": TENANT,
        "heard": Heard(heard) if isinstance(heard, str) else heard,
        "now": MONDAY_NOON,
    } | changes
    values.setdefault("is_open", values["plan"].is_open(values["now"], TENANT.time_zone))
    return TurnContext(**values)
