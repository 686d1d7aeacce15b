from __future__ import annotations

import asyncio

import pytest

from tests.fakes.providers import ScriptedProvider
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.providers.instances import Instance


class Loading:
    """Builds providers slowly; `fail_first` builds fail."""

    def __init__(self, fail_first: int = 0) -> None:
        self.built: list[ScriptedProvider] = []
        self.began = 0
        self._fail = fail_first

    async def __call__(self) -> ScriptedProvider:
        self.began += 1
        await asyncio.sleep(3)
        if self.began <= self._fail:
            raise ProviderUnavailable("no model", provider="slow")
        self.built.append(ScriptedProvider())
        return self.built[-1]


async def use(instance: Instance[ScriptedProvider], seconds: float = 1) -> ScriptedProvider:
    async with instance.lease() as provider:
        await asyncio.sleep(seconds)
        assert provider.closed == 0
        return provider


@virtual_time
async def test_twenty_first_requests_load_once() -> None:
    loading = Loading()
    instance = Instance("slow", loading)
    providers = await asyncio.gather(*(use(instance) for _ in range(20)))
    assert loading.began == 1
    assert len({id(provider) for provider in providers}) == 1
    await instance.aclose()


@virtual_time
async def test_a_caller_who_hangs_up_does_not_stop_the_load() -> None:
    loading = Loading()
    instance = Instance("slow", loading)
    first = asyncio.create_task(use(instance))
    await asyncio.sleep(1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await use(instance)
    assert loading.began == 1
    await instance.aclose()


@virtual_time
async def test_a_failed_load_fails_all_that_waited_and_is_tried_again() -> None:
    loading = Loading(fail_first=1)
    instance = Instance("slow", loading)
    results = await asyncio.gather(*(use(instance) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ProviderUnavailable] * 3
    assert (await use(instance)).closed == 0
    assert loading.began == 2
    await instance.aclose()


@virtual_time
async def test_retired_it_closes_after_the_last_lease() -> None:
    loading = Loading()
    instance = Instance("slow", loading)
    leases = [asyncio.create_task(use(instance, seconds)) for seconds in (1, 5)]
    await asyncio.sleep(3.5)
    instance.retire()
    await leases[0]
    assert loading.built[0].closed == 0
    await leases[1]
    await instance.closed()
    assert loading.built[0].closed == 1
    assert not instance.alive


@virtual_time
async def test_retired_unused_it_closes_at_once_and_only_once() -> None:
    loading = Loading()
    instance = Instance("slow", loading)
    await use(instance)
    instance.retire()
    instance.retire()
    await instance.closed()
    await instance.aclose()
    assert loading.built[0].closed == 1


@virtual_time
async def test_a_stale_chain_gets_a_living_provider_and_leaves_none_behind() -> None:
    loading = Loading()
    instance = Instance("slow", loading)
    await use(instance)
    instance.retire()
    again = await use(instance)
    await instance.closed()
    assert again is loading.built[1]
    assert [provider.closed for provider in loading.built] == [1, 1]


@virtual_time
async def test_closing_while_it_loads_leaves_nothing_running() -> None:
    loading = Loading()
    instance = Instance("slow", loading)
    waiting = asyncio.create_task(use(instance))
    await asyncio.sleep(1)
    await instance.aclose()
    with pytest.raises(ProviderUnavailable):
        await waiting
    assert loading.built == []
    assert len(asyncio.all_tasks()) == 1


@virtual_time
async def test_an_unclean_close_stays_inside() -> None:
    class Stubborn(ScriptedProvider):
        async def aclose(self) -> None:
            raise OSError("already gone")

    async def build() -> ScriptedProvider:
        return Stubborn()

    instance = Instance("stubborn", build)
    async with instance.lease():
        pass
    await instance.aclose()
    assert not instance.alive
