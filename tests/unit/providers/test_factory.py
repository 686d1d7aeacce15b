from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fakes.providers import (
    PlainSealer,
    RowsInMemory,
    Script,
    ScriptedProvider,
    ScriptedSettings,
    Watching,
    Workshop,
    down,
    entry,
    row,
)
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import ProviderRefused, ProviderUnavailable, Unavailable
from voice_ai_service.providers.entry import ProviderContext, ProviderEntry, ProviderKind
from voice_ai_service.providers.factory import FactoryLimits, ProviderFactory
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.tenancy.budget import Standing
from voice_ai_service.tenancy.tenant import Tenant, Tier
from voice_ai_service.text.ear.dictionary import Pronunciations

DOMAIN, OTHER = UUID(int=1), UUID(int=2)
AUDIO = PcmAudio(bytes(1600), 8000)
OPTIONS = SttOptions(languages=("en",))


class House:
    """A factory with a remote, a local and an embedded recogniser, and the rows it reads."""

    def __init__(self, **more: Any) -> None:
        self.remote = Workshop(lambda: ScriptedProvider(Script(pieces=("remote",))))
        self.local = Workshop(lambda: ScriptedProvider(Script(pieces=("local",))))
        self.embedded = Workshop(lambda: ScriptedProvider(Script(pieces=("embedded",))))
        self.rows = RowsInMemory()
        self.watching = Watching()
        context = ProviderContext(clock=LoopClock(), default_secrets={"remote": "operators-own"})
        self.registry = ProviderRegistry(context, self.entries())
        self.factory = ProviderFactory(
            self.registry, self.rows, PlainSealer(), observer=self.watching, **more
        )

    def entries(self) -> Sequence[ProviderEntry]:
        return (
            entry(self.remote, "remote", secret_required=True),
            entry(self.local, "local", local=True),
            entry(self.embedded, "embedded", local=True),
        )

    def has(self, *rows: Any, domain: UUID = DOMAIN, kind: ProviderKind = ProviderKind.STT) -> None:
        self.rows.rows[domain, kind] = list(rows)

    async def hear(self, *choice: UUID, domain: UUID = DOMAIN) -> str:
        chain = await self.factory.stt(domain, choice)
        return (await chain.transcribe(AUDIO, OPTIONS)).value.text


@virtual_time
async def test_without_rows_the_embedded_engine_answers() -> None:
    house = House()
    assert await house.hear() == "embedded"
    assert await house.factory.llm(DOMAIN) is None
    await house.factory.aclose()
    assert [provider.closed for provider in house.embedded.built] == [1]


@virtual_time
async def test_rows_go_by_priority_and_the_embedded_engine_is_last() -> None:
    house = House()
    house.has(row("local", priority=20), row("remote", priority=10))
    chain = await house.factory.stt(DOMAIN)
    assert chain.names == ("remote", "local", "embedded")
    assert house.remote.built == []
    await house.factory.aclose()


@virtual_time
async def test_a_choice_is_its_rows_in_its_order_and_no_others() -> None:
    house = House()
    first, second, third = row("remote"), row("local"), row("local", {"level": 2})
    house.has(first, second, third)
    chain = await house.factory.stt(DOMAIN, (third.provider_uuid, first.provider_uuid, uuid4()))
    assert chain.names == ("local", "remote", "embedded")
    await house.factory.aclose()


@virtual_time
async def test_another_domains_row_cannot_be_chosen() -> None:
    house = House()
    theirs = row("remote")
    house.has(theirs, domain=OTHER)
    chain = await house.factory.stt(DOMAIN, (theirs.provider_uuid,))
    assert chain.names == ("embedded",)


@virtual_time
async def test_twenty_parallel_first_requests_load_the_model_once() -> None:
    house = House()
    house.local.load_s = 4
    house.has(row("local"))
    heard = await asyncio.gather(*(house.hear() for _ in range(20)))
    assert set(heard) == {"local"}
    assert (len(house.local.built), house.rows.reads) == (1, 1)
    await house.factory.aclose()


@virtual_time
async def test_local_models_are_shared_by_settings_and_remote_ones_are_not() -> None:
    house = House()
    house.has(row("local"), row("remote"))
    house.has(row("local"), row("remote"), domain=OTHER)
    for domain in (DOMAIN, OTHER):
        for one in (await house.factory.stt(domain)).links:
            async with one.instance.lease():
                pass
    assert (len(house.local.built), len(house.remote.built)) == (1, 2)
    house.has(row("local", {"level": 2}), domain=OTHER)
    await asyncio.sleep(6)
    assert await house.hear(domain=OTHER) == "local"
    assert len(house.local.built) == 2
    assert house.local.built[0].closed == 0
    await house.factory.aclose()


@virtual_time
async def test_equal_local_rows_of_one_domain_are_asked_once() -> None:
    house = House()
    house.has(row("local"), row("local"))
    assert (await house.factory.stt(DOMAIN)).names == ("local", "embedded")


@virtual_time
async def test_rows_are_read_once_in_a_while_and_at_once_after_forget() -> None:
    house = House()
    for _ in range(10):
        await house.hear()
    assert house.rows.reads == 1
    house.has(row("local"))
    house.factory.forget(OTHER)
    assert await house.hear() == "embedded"
    house.factory.forget(DOMAIN)
    assert await house.hear() == "local"
    await asyncio.sleep(5)
    await house.hear()
    assert house.rows.reads == 3
    await house.factory.aclose()


@virtual_time
async def test_changed_settings_close_the_old_instance_after_its_last_request() -> None:
    house = House()
    uuid = uuid4()
    house.has(row("remote", provider_uuid=uuid))
    chain = await house.factory.stt(DOMAIN)
    async with chain.links[0].instance.lease():
        old = house.remote.built[0]
        house.has(row("remote", {"level": 3}, provider_uuid=uuid))
        house.factory.forget(DOMAIN)
        assert await house.hear() == "remote"
        assert (len(house.remote.built), old.closed) == (2, 0)
    await chain.links[0].instance.closed()
    assert (old.closed, house.remote.built[1].closed) == (1, 0)
    await house.factory.aclose()
    assert house.remote.built[1].closed == 1


@virtual_time
async def test_a_revision_lives_as_long_as_the_settings() -> None:
    house = House()
    uuid = uuid4()
    seen = []
    for level in (1, 1, 2):
        house.has(row("remote", {"level": level}, provider_uuid=uuid))
        house.factory.forget(DOMAIN)
        seen.append((await house.factory.stt(DOMAIN)).revision)
    assert seen[0] == seen[1] != seen[2]


@virtual_time
async def test_the_rows_in_memory_go_on_while_the_database_is_gone() -> None:
    house = House()
    house.has(row("local"))
    await house.hear()
    house.rows.down = True
    await asyncio.sleep(60)
    assert await house.hear() == "local"
    with pytest.raises(Unavailable):
        await house.hear(domain=OTHER)
    await house.factory.aclose()


@virtual_time
async def test_each_key_is_a_link_and_the_next_is_used_when_one_is_refused() -> None:
    house = House()
    house.has(row("remote", sealed_secret="sealed:one\ntwo\n"))
    chain = await house.factory.stt(DOMAIN)
    assert chain.names == ("remote", "remote", "embedded")
    for one in chain.links[:2]:
        async with one.instance.lease():
            pass
    assert house.remote.secrets == ["one", "two"]
    house.remote.built[0].script.pieces = ()
    house.remote.built[0].script.error = ProviderRefused("bad key", provider="remote")
    assert await house.hear() == "remote"
    assert house.remote.built[1].requests == 1
    await house.factory.aclose()


@virtual_time
async def test_the_operators_key_never_goes_to_an_address_of_a_tenant() -> None:
    house = House()
    house.has(row("remote", priority=1), row("remote", {"base_url": "https://8.8.8.8/v1"}, priority=2))
    chain = await house.factory.stt(DOMAIN)
    by_default, by_address = chain.links[:-1]
    async with by_default.instance.lease():
        pass
    with pytest.raises(ProviderRefused) as caught:
        async with by_address.instance.lease():
            pass
    assert caught.value.field == "secret"
    assert house.remote.secrets == ["operators-own"]
    await house.factory.aclose()


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (row("gone"), "name"),
        (row("local", {"level": 99}), "settings.level"),
        (row("local", {"colour": "red"}), "settings.colour"),
        (row("remote", {"base_url": "http://127.0.0.1/v1"}, sealed_secret="sealed:k"), "settings.base_url"),
        (row("remote", sealed_secret="lost"), None),
        (row("remote", sealed_secret="sealed:chave-secreta-ção"), "secret"),
    ],
    ids=["plug-in gone", "bad value", "unknown setting", "private address", "secret lost", "no key at all"],
)
def test_a_row_that_cannot_work_is_refused_clearly_and_the_call_goes_on(
    broken: Any, field: str | None
) -> None:
    @virtual_time
    async def run() -> None:
        house = House()
        house.has(broken)
        chain = await house.factory.stt(DOMAIN)
        assert (await chain.transcribe(AUDIO, OPTIONS)).provider == "embedded"
        assert house.watching.results[0][2] == "provider_refused"
        with pytest.raises(ProviderRefused) as caught:
            async with chain.links[0].instance.lease():
                pass
        assert caught.value.field == field
        await house.factory.aclose()

    run()


@virtual_time
async def test_the_least_used_domains_leave_memory_with_their_instances() -> None:
    house = House(limits=FactoryLimits(places=2))
    domains = [UUID(int=number) for number in range(10, 14)]
    for domain in domains:
        house.has(row("remote"), domain=domain)
        await house.hear(domain=domain)
    await asyncio.sleep(0.1)
    assert [provider.closed for provider in house.remote.built] == [1, 1, 0, 0]
    await house.factory.aclose()
    assert [provider.closed for provider in house.remote.built] == [1, 1, 1, 1]


@virtual_time
async def test_warm_builds_before_the_first_call_and_survives_what_fails() -> None:
    house = House()
    house.has(row("local"), row("remote"))
    house.local.failure = down("local")
    await house.factory.warm(DOMAIN)
    assert (len(house.embedded.built), len(house.remote.built)) == (1, 1)
    await house.factory.aclose()


@virtual_time
async def test_an_engine_that_cannot_run_here_is_not_the_last_link() -> None:
    house = House()

    async def build(
        context: ProviderContext, settings: ScriptedSettings, secret: str | None
    ) -> ScriptedProvider:
        raise AssertionError("not here")

    registry = ProviderRegistry(
        ProviderContext(clock=LoopClock()),
        [entry(build, "embedded", local=True, available=lambda: "pip install voice-ai[embedded]")],
    )
    factory = ProviderFactory(registry, house.rows, PlainSealer())
    with pytest.raises(ProviderUnavailable) as caught:
        await factory.stt(DOMAIN)
    assert "embedded" in (caught.value.fix or "")


@virtual_time
async def test_closing_closes_everything_once() -> None:
    house = House()
    house.has(row("remote"), row("local"))
    await house.factory.warm(DOMAIN)
    await house.factory.aclose()
    await house.factory.aclose()
    made = house.remote.built + house.local.built + house.embedded.built
    assert [provider.closed for provider in made] == [1, 1, 1]
    assert len(asyncio.all_tasks()) == 1


class Allowed:
    """`Allowances` that a test changes while it runs."""

    def __init__(self, standing: Standing) -> None:
        self.now = standing
        self.known = True

    async def tenant(self, domain_uuid: UUID) -> Tenant:
        if not self.known:
            raise Unavailable("The database does not answer.")
        return Tenant(domain_uuid, "a.example")

    def standing(self, tenant: Tenant) -> Standing:
        return self.now


PREMIUM, FREE, STOPPED = Standing(Tier.PREMIUM), Standing(Tier.FREE), Standing(Tier.FREE, stopped=True)


@virtual_time
async def test_a_tier_has_its_rows_and_falling_changes_the_next_chain() -> None:
    allowed = Allowed(PREMIUM)
    house = House(allowances=allowed)
    best = row("remote", {"model": "best", "tiers": ["premium"]}, priority=1)
    plain = row("remote", {"model": "plain", "tiers": ["free"]}, priority=2)
    house.has(best, plain, row("remote", {"model": "any"}, priority=3))
    assert [link.model for link in (await house.factory.stt(DOMAIN)).links] == ["best", "any", "one"]
    allowed.now = FREE
    assert [link.model for link in (await house.factory.stt(DOMAIN)).links] == ["plain", "any", "one"]


@virtual_time
async def test_what_a_secretary_chose_above_its_tier_gives_way_to_the_domains_order() -> None:
    house = House(allowances=Allowed(FREE))
    best, plain = row("remote", {"tiers": ["premium"]}), row("remote", {"model": "plain"})
    house.has(best, plain)
    chain = await house.factory.stt(DOMAIN, (best.provider_uuid,))
    assert [link.model for link in chain.links] == ["plain", "one"]


@virtual_time
async def test_a_domain_that_is_stopped_has_only_what_costs_nothing() -> None:
    house = House(allowances=Allowed(STOPPED))
    house.has(row("remote"), row("local"))
    assert (await house.factory.stt(DOMAIN)).names == ("local", "embedded")


@virtual_time
async def test_an_admin_tries_a_row_whatever_the_tier() -> None:
    house = House(allowances=Allowed(FREE))
    best = row("remote", {"tiers": ["premium"]})
    house.has(best)
    chain = await house.factory.only(DOMAIN, ProviderKind.STT, best.provider_uuid)
    assert chain.names == ("remote",)


@virtual_time
async def test_a_budget_that_is_not_known_is_not_no_budget() -> None:
    allowed = Allowed(PREMIUM)
    allowed.known = False
    house = House(allowances=allowed)
    with pytest.raises(Unavailable):
        await house.factory.stt(DOMAIN)
    allowed.known = True
    assert (await house.factory.stt(DOMAIN)).names == ("embedded",)


@virtual_time
async def test_local_rows_of_different_tiers_share_one_engine() -> None:
    house = House(allowances=Allowed(FREE))
    house.has(row("local", {"tiers": ["free"]}), row("local", {"tiers": ["premium"]}), row("local"))
    assert (await house.factory.stt(DOMAIN)).names == ("local", "embedded")


class OwnWords:
    """Words of one domain; `down`: they cannot be read."""

    def __init__(self) -> None:
        self.words = Pronunciations({"pt-BR": {"XPTO": "xis pê tê ó"}})
        self.reads = 0
        self.down = False

    async def pronunciations(self, domain_uuid: UUID) -> Pronunciations:
        self.reads += 1
        if self.down:
            raise Unavailable("The database does not answer.")
        return self.words if domain_uuid == DOMAIN else Pronunciations()


@virtual_time
async def test_a_domains_words_reach_its_voices_and_outlive_a_database() -> None:
    own = OwnWords()
    house = House(own_words=own)
    house.registry.add(entry(Workshop(), "voice", kind=ProviderKind.TTS))
    house.has(row("voice"), kind=ProviderKind.TTS)
    house.has(row("voice"), kind=ProviderKind.TTS, domain=OTHER)
    first = await house.factory.tts(DOMAIN)
    assert (await house.factory.tts(DOMAIN)).pronunciations is own.words
    assert own.reads == 1, "read with the rows, not for every reply"
    assert not (await house.factory.tts(OTHER)).pronunciations.words
    own.down = True
    await asyncio.sleep(60)
    assert (await house.factory.tts(DOMAIN)).revision == first.revision
    own.down, own.words = False, Pronunciations({"pt-BR": {"XPTO": "xisptó"}})
    await asyncio.sleep(60)
    assert (await house.factory.tts(DOMAIN)).revision != first.revision
