"""From rows of `v_voice_providers` to brains, in the secretary's order."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import pytest

from realtime_bridge.providers.realtime_brains import VENDORS, RealtimeBrains
from realtime_bridge.providers.seam import ReplyFinished
from tests.contract.realtime_brains.wires import QUICK, Counts, Session, briefing
from tests.fakes import openai_realtime_server
from tests.fakes.openai_realtime_server import fake_openai_realtime
from tests.fakes.providers import PlainSealer, RowsInMemory
from tests.fakes.websocket_vendor import Wire
from voice_ai_service.errors import InvalidInput, ProviderBusy, ProviderRefused, ProviderUnavailable
from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.link_builder import ProviderRow
from voice_ai_service.providers.registry import ProviderRegistry

DOMAIN = uuid4()
CONTEXT = ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"),))


class Tenant:
    def __init__(self) -> None:
        self.rows = RowsInMemory()
        self.registry = ProviderRegistry(CONTEXT, builtin_entries())
        self.factory = ProviderFactory(self.registry, self.rows, PlainSealer())
        self.counts = Counts()
        self.brains = RealtimeBrains(self.factory, observer=self.counts, limits=QUICK)

    def has(self, base_url: str, *, key: str = openai_realtime_server.KEY, **settings: Any) -> UUID:
        wanted = {"base_url": base_url, "model": openai_realtime_server.MODEL, **settings}
        row = ProviderRow(uuid4(), "openai_compatible", "", wanted, f"sealed:{key}")
        self.rows.rows.setdefault((DOMAIN, ProviderKind.REALTIME), []).append(row)
        return row.provider_uuid


async def test_the_secretarys_order_counts_and_every_key_is_tried() -> None:
    tenant = Tenant()
    async with fake_openai_realtime() as first, fake_openai_realtime() as second:
        two_keys = tenant.has(first.base_url, key=f"wrong\n{openai_realtime_server.KEY}")
        other = tenant.has(second.base_url)
        makers = await tenant.brains.makers(DOMAIN, (other, two_keys), briefing)
        assert len(makers) == 3
        brains = [make() for make in makers]
        await brains[0].open()
        assert (len(first.talks), len(second.talks)) == (0, 1)
        with pytest.raises(ProviderRefused):
            await brains[1].open()
        await brains[2].open()
        assert len(first.talks) == 1
        for brain in brains:
            await brain.close()
    await tenant.factory.aclose()


async def test_without_a_choice_there_are_none() -> None:
    tenant = Tenant()
    tenant.has("http://127.0.0.1:9999")
    assert await tenant.brains.makers(DOMAIN, (), briefing) == ()
    assert await tenant.brains.makers(DOMAIN, (uuid4(),), briefing) == ()


async def test_a_row_that_cannot_work_is_passed_over() -> None:
    tenant = Tenant()
    broken = tenant.has("http://127.0.0.1:9999", colour="blue")
    well = tenant.has("http://127.0.0.1:9999")
    assert len(await tenant.brains.makers(DOMAIN, (broken, well), briefing)) == 1
    await tenant.factory.aclose()


async def test_a_provider_that_keeps_failing_is_left_alone() -> None:
    tenant = Tenant()
    async with fake_openai_realtime(wire=Wire(status=500)) as fake:
        row = tenant.has(fake.base_url)
        for _ in range(3):
            (make,) = await tenant.brains.makers(DOMAIN, (row,), briefing)
            with pytest.raises(ProviderUnavailable):
                await make().open()
        (make,) = await tenant.brains.makers(DOMAIN, (row,), briefing)
        with pytest.raises(ProviderBusy):
            await make().open()
    await tenant.factory.aclose()


async def test_a_failure_in_the_middle_of_a_call_counts_against_it() -> None:
    tenant = Tenant()
    async with fake_openai_realtime() as fake:
        row = tenant.has(fake.base_url)
        for _ in range(3):
            (make,) = await tenant.brains.makers(DOMAIN, (row,), briefing)
            brain: Any = make()
            await brain.open()
            fake.wire.status = 500
            fake.talk.cut()
            events = [event async for event in brain.events()]
            assert len(events) == 1
            await brain.close()
            fake.wire.status = None
        (make,) = await tenant.brains.makers(DOMAIN, (row,), briefing)
        with pytest.raises(ProviderBusy):
            await make().open()
    await tenant.factory.aclose()


async def test_a_brain_from_a_row_talks() -> None:
    tenant = Tenant()
    async with fake_openai_realtime() as fake:
        (make,) = await tenant.brains.makers(DOMAIN, (tenant.has(fake.base_url),), briefing)
        brain: Any = make()
        await brain.open()
        session = Session(brain, 8000, tenant.counts)
        session.speak()
        async for event in brain.events():
            session.events.append(event)
            if isinstance(event, ReplyFinished):
                break
        assert session.audio(session.of(ReplyFinished)[0].reply_id)
        await brain.close()
    await tenant.factory.aclose()


@pytest.mark.parametrize(
    "entry", [one for one in builtin_entries() if one.kind is ProviderKind.REALTIME], ids=str
)
def test_every_row_of_the_catalogue_has_an_adapter_and_says_what_it_can(entry: Any) -> None:
    assert entry.name in VENDORS
    assert entry.capabilities is not None


@pytest.mark.parametrize(
    ("name", "settings", "secret", "field"),
    [
        ("openai", {"turn_detection": "telepathy"}, "k", "settings.turn_detection"),
        ("openai", {}, None, "secret"),
        ("openai_compatible", {"model": "m"}, None, "settings.base_url"),
        ("openai_compatible", {"model": "m", "base_url": "http://10.0.0.1/v1"}, None, "settings.base_url"),
        ("elevenlabs", {}, "k", "settings.agent_id"),
        ("elevenlabs", {"agent_id": "a", "overrides": ["everything"]}, "k", "settings.overrides.0"),
        ("gemini", {"temperature": 9}, "k", "settings.temperature"),
        ("siri", {}, "k", "name"),
    ],
)
async def test_what_is_wrong_is_said_when_it_is_saved(
    name: str, settings: dict[str, Any], secret: str | None, field: str
) -> None:
    registry = ProviderRegistry(ProviderContext(), builtin_entries())
    with pytest.raises(InvalidInput) as raised:
        await registry.validate(ProviderKind.REALTIME, name, settings, secret)
    assert raised.value.field == field
