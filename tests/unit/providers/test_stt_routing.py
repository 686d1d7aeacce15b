from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from tests.fakes.providers import Script, ScriptedProvider, Watching, down, link_to, row
from tests.fakes.virtual_time import LoopClock, virtual_time
from tests.unit.audio.test_noise import utterance
from tests.unit.providers.test_factory import DOMAIN, OPTIONS, House
from voice_ai_service.errors import NotFound
from voice_ai_service.providers.chains import SttChain
from voice_ai_service.providers.cost import PriceList
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.fallback import Link
from voice_ai_service.providers.stt.routing import SttRouting, Traits
from voice_ai_service.tenancy.budget import Standing
from voice_ai_service.tenancy.stt_rules import SttRule
from voice_ai_service.tenancy.tenant import Tenant

CLOCK = LoopClock()
PRICES = PriceList.parse(
    json.dumps(
        [
            {"kind": "stt", "provider": "dear", "minute": 2},
            {"kind": "stt", "provider": "cheap", "minute": 0.2},
            {"kind": "stt", "provider": "cheap", "model": "large", "minute": 1},
        ]
    )
)
TABLE = tuple(
    SttRule.model_validate(rule)
    for rule in (
        {"snr_below_db": 8, "prefer": ["dear"]},
        {"shorter_than_ms": 1500, "prefer": ["unpriced"]},
        {"snr_from_db": 20, "from_ms": 4000, "prefer": ["cheap/large", "cheap"]},
        {"from_ms": 10_000, "prefer": ["cheapest"]},
    )
)


def link(name: str, model: str | None = None, revision: str = "row") -> Link[Any]:
    heard = ScriptedProvider(Script(pieces=(name,)))
    return replace(link_to(heard, CLOCK, name, model=model), revision=revision)


LINKS = (
    link("unpriced"),
    link("dear"),
    link("cheap", "small"),
    link("cheap", "large"),
    link("embedded", revision=""),
)
OWN = ["unpriced", "dear", "cheap/small", "cheap/large", "embedded"]


@pytest.mark.parametrize(
    ("snr_db", "duration_ms", "order"),
    [
        (5.0, 900, ["dear", "unpriced", "cheap/small", "cheap/large", "embedded"]),
        (7.9, 30_000, ["dear", "unpriced", "cheap/small", "cheap/large", "embedded"]),
        (8.0, 1499, OWN),
        (15.0, 3000, OWN),
        (25.0, 3999, OWN),
        (20.0, 4000, ["cheap/large", "cheap/small", "unpriced", "dear", "embedded"]),
        (15.0, 10_000, ["cheap/small", "cheap/large", "dear", "unpriced", "embedded"]),
        (None, 5000, OWN),
        (None, 10_000, ["cheap/small", "cheap/large", "dear", "unpriced", "embedded"]),
    ],
)
def test_the_table(snr_db: float | None, duration_ms: int, order: list[str]) -> None:
    found = SttRouting(TABLE, PRICES).by(LINKS, Traits(snr_db, duration_ms))
    assert [one.name if one.model is None else f"{one.name}/{one.model}" for one in found] == order


def test_the_embedded_engine_is_first_only_by_name() -> None:
    def first(*prefer: str) -> str:
        rule = SttRule.model_validate({"prefer": list(prefer)})
        free = PriceList(free=[(ProviderKind.STT, "embedded")])
        return SttRouting((rule,), free).by(LINKS, Traits(30.0, 2000))[0].name

    assert first("cheapest") == "unpriced"
    assert first("embedded") == "embedded"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"prefer": []},
        {"prefer": ["Deepgram"]},
        {"prefer": ["a"], "snr_below_db": 5, "snr_from_db": 5},
        {"prefer": ["a"], "shorter_than_ms": 5, "from_ms": 6},
        {"prefer": ["a"], "loudness": 5},
        {"prefer": ["a"], "snr_below_db": -1},
    ],
)
def test_rules_that_fit_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SttRule.model_validate(wrong)


@virtual_time
async def test_a_noisy_utterance_goes_elsewhere_and_falls_back_in_the_routed_order() -> None:
    routing = SttRouting((SttRule(snr_below_db=10, prefer=("dear",)),), PRICES)
    chain = SttChain(ProviderKind.STT, LINKS, CLOCK, Watching(), routing=routing)
    noisy, clean = utterance(-20, -23), utterance(-20, -50)
    assert (await chain.transcribe(noisy, OPTIONS)).provider == "dear"
    assert (await chain.transcribe(clean, OPTIONS)).provider == "unpriced"
    broken = replace(link_to(ScriptedProvider(Script(error=down())), CLOCK, "dear"), revision="row")
    chain = replace(chain, links=(LINKS[0], broken, LINKS[2]))
    assert (await chain.transcribe(noisy, OPTIONS)).provider == "unpriced"


class Domains:
    def __init__(self, *rules: SttRule) -> None:
        self.rules = rules

    async def tenant(self, domain_uuid: UUID) -> Tenant:
        if domain_uuid != DOMAIN:
            raise NotFound("No such domain.")
        return Tenant(domain_uuid, "a.example", stt_rules=self.rules)

    def standing(self, tenant: Tenant) -> Standing:
        return Standing(tenant.tier)


@virtual_time
async def test_a_domains_table_reaches_its_chain_and_none_is_the_default() -> None:
    rule = SttRule(from_ms=1000, prefer=("local",))
    for domains, expected in ((Domains(rule), "local"), (Domains(), "remote")):
        house = House(allowances=domains, prices=PRICES)
        house.has(row("remote", priority=1), row("local", priority=2))
        chain = await house.factory.stt(DOMAIN)
        assert (await chain.transcribe(utterance(-20, -40), OPTIONS)).provider == expected
        await house.factory.aclose()
