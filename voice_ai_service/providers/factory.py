"""A domain's providers: rows of the database become chains of shared, living instances."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import structlog

from voice_ai_service.errors import InvalidInput, NotFound, VoiceAiError
from voice_ai_service.providers.breaker import BreakerPolicy
from voice_ai_service.providers.chains import ChatChain, EmbeddingChain, RealtimeChain, SttChain, TtsChain
from voice_ai_service.providers.cost import PriceList
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.fallback import Chain, Link, NobodyWatches, ProviderObserver, nobody
from voice_ai_service.providers.link_builder import LinkBuilder, ProviderRow, SecretOpener
from voice_ai_service.providers.link_pool import LinkPool
from voice_ai_service.providers.probing import Prober
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.stt.routing import SttRouting
from voice_ai_service.tenancy.budget import Standing
from voice_ai_service.tenancy.tenant import Tenant, Tier
from voice_ai_service.text.ear.dictionary import NO_PRONUNCIATIONS, Pronunciations

__all__ = [
    "Allowances", "EmbeddedDefaults", "FactoryLimits", "OwnWords", "ProviderFactory", "ProviderRow", "ProviderRows",
    "SecretOpener",
]  # fmt: skip

C = TypeVar("C", bound=Chain[Any])

_CHAINS: Final[Mapping[ProviderKind, type[Chain[Any]]]] = {
    ProviderKind.STT: SttChain,
    ProviderKind.TTS: TtsChain,
    ProviderKind.LLM: ChatChain,
    ProviderKind.EMBEDDINGS: EmbeddingChain,
    ProviderKind.REALTIME: RealtimeChain,
}

log = structlog.get_logger()


class ProviderRows(Protocol):
    async def rows_of(self, domain_uuid: UUID) -> Mapping[ProviderKind, Sequence[ProviderRow]]:
        """The domain's enabled rows by kind; a kind may be missing. Raises Unavailable without a database."""
        ...


class OwnWords(Protocol):
    async def pronunciations(self, domain_uuid: UUID) -> Pronunciations:
        """How the domain wants its words to be said. Raises VoiceAiError when that is not known now."""
        ...


class NoOwnWords:
    async def pronunciations(self, domain_uuid: UUID) -> Pronunciations:
        """None."""
        return NO_PRONUNCIATIONS


class Allowances(Protocol):
    async def tenant(self, domain_uuid: UUID) -> Tenant:
        """The domain with its tier and budget. Raises VoiceAiError when that is not known now."""
        ...

    def standing(self, tenant: Tenant) -> Standing:
        """What it may use at this moment. From memory: a caller waits."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddedDefaults:
    """Registry names of the engines that need neither key nor network. None: that kind has none."""

    stt: str | None = "embedded"
    tts: str | None = "embedded"
    embeddings: str | None = "hashing"

    def name(self, kind: ProviderKind) -> str | None:
        return {
            ProviderKind.STT: self.stt,
            ProviderKind.TTS: self.tts,
            ProviderKind.EMBEDDINGS: self.embeddings,
        }.get(kind)


@dataclass(frozen=True, slots=True)
class FactoryLimits:
    """
    Attributes:
        recheck_s: How old the rows in memory may be when a chain is asked for.
        places: Domains kept in memory; the least used go first, and their instances with them.
    """

    recheck_s: float = 5.0
    places: int = 2000


@dataclass(slots=True)
class _Place:
    """What one domain has. `keys`: by kind, row to its links' key in the pool, by priority."""

    read_at: float = float("-inf")
    known: bool = False
    keys: dict[ProviderKind, dict[UUID, str]] = field(default_factory=dict)
    tiers: dict[UUID, frozenset[Tier]] = field(default_factory=dict)
    words: Pronunciations = NO_PRONUNCIATIONS
    tenant: Tenant | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def all_keys(self) -> set[str]:
        return {key for keys in self.keys.values() for key in keys.values()}


class ProviderFactory:
    """Chains by domain. One for the process; instances are shared by all chains that need the same.

    Rows are read again when they are older than `recheck_s`; when the database does not answer, the rows in
    memory go on. An instance whose row changed is closed when the last request that uses it has ended.
    """

    def __init__(
        self,
        registry: ProviderRegistry,
        rows: ProviderRows,
        sealer: SecretOpener,
        *,
        embedded: EmbeddedDefaults | None = None,
        observer: ProviderObserver | None = None,
        breaker_policy: BreakerPolicy | None = None,
        limits: FactoryLimits | None = None,
        own_words: OwnWords | None = None,
        allowances: Allowances | None = None,
        prices: PriceList | None = None,
    ) -> None:
        self._prices = prices or PriceList()
        self._rows = rows
        self._allowances = allowances
        self._own_words: OwnWords = own_words or NoOwnWords()
        self._prober = Prober(registry.context.clock)
        self._builder = LinkBuilder(registry, sealer, breaker_policy or BreakerPolicy(), self._prober)
        self._pool = LinkPool()
        self._embedded = embedded or EmbeddedDefaults()
        self._embedded_links: dict[ProviderKind, Link[Any]] = {}
        self._observer: ProviderObserver = observer or NobodyWatches()
        self._clock = registry.context.clock
        self._limits = limits or FactoryLimits()
        self._places: OrderedDict[UUID, _Place] = OrderedDict()

    async def stt(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> SttChain:
        """`choice` names rows by preference; empty: all enabled ones by priority. The embedded engine is last.

        Raises:
            ProviderUnavailable: No row, and the embedded engine does not run here.
            Unavailable: The rows were never read, and cannot be now.
        """
        links = await self._chosen(domain_uuid, ProviderKind.STT, choice)
        chain = self._chain(SttChain, ProviderKind.STT, links + self._last(ProviderKind.STT))
        tenant = self._places[domain_uuid].tenant
        if tenant is None or not tenant.stt_rules:
            return chain
        return replace(chain, routing=SttRouting(tenant.stt_rules, self._prices))

    async def tts(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> TtsChain:
        """Like `stt`, with the domain's pronunciations."""
        links = await self._chosen(domain_uuid, ProviderKind.TTS, choice)
        chain = self._chain(TtsChain, ProviderKind.TTS, links + self._last(ProviderKind.TTS))
        return replace(chain, pronunciations=self._places[domain_uuid].words)

    async def llm(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> ChatChain | None:
        """None when the domain has no language model: the dialogue's own responder answers."""
        links = await self._chosen(domain_uuid, ProviderKind.LLM, choice)
        return self._chain(ChatChain, ProviderKind.LLM, links) if links else None

    async def embeddings(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> EmbeddingChain:
        """The local embeddings only where the domain has none: vectors of two models do not mix."""
        links = await self._chosen(domain_uuid, ProviderKind.EMBEDDINGS, choice)
        return self._chain(
            EmbeddingChain, ProviderKind.EMBEDDINGS, links or self._last(ProviderKind.EMBEDDINGS)
        )

    async def realtime(self, domain_uuid: UUID, choice: Sequence[UUID]) -> RealtimeChain | None:
        """Only what the secretary chose, by preference; None without a choice: our own cascade talks."""
        if not choice:
            return None
        links = await self._chosen(domain_uuid, ProviderKind.REALTIME, choice)
        return self._chain(RealtimeChain, ProviderKind.REALTIME, links) if links else None

    async def only(self, domain_uuid: UUID, kind: ProviderKind, provider_uuid: UUID) -> Chain[Any]:
        """One row by itself, with nothing behind it, whatever the domain's tier: an admin tries it.

        Raises:
            InvalidInput: The domain has no enabled row of this kind and uuid.
            Unavailable: The rows were never read, and cannot be now.
        """
        key = (await self._place(domain_uuid)).keys.get(kind, {}).get(provider_uuid)
        if key is None:
            raise InvalidInput("The provider is not enabled", field="provider_uuid", fix="Enable it first")
        return self._chain(_CHAINS[kind], kind, self._pool.get(key))

    def built_in(self, kind: ProviderKind) -> Chain[Any] | None:
        """The engine that stands behind all rows, by itself; None where there is none."""
        last = self._last(kind)
        return self._chain(_CHAINS[kind], kind, last) if last else None

    async def warm(self, domain_uuid: UUID | None = None) -> None:
        """Builds what calls will need, so that no caller waits for it. None: the embedded engines only.

        Failures are logged; the call that needs the provider gets the error.
        """
        links = [link for kind in ProviderKind for link in self._last(kind)]
        if domain_uuid is not None:
            for kind in ProviderKind:
                links += await self._chosen(domain_uuid, kind, ())
        for link in links:
            try:
                async with link.instance.lease():
                    pass
            except VoiceAiError as error:
                log.warning("provider not warmed", provider=link.name, code=error.code)

    def forget(self, domain_uuid: UUID) -> None:
        """The domain's rows were changed in this process: the next chain reads them again."""
        if (place := self._places.get(domain_uuid)) is not None:
            place.read_at = float("-inf")

    async def aclose(self) -> None:
        """Closes every instance, also those in use: the process ends."""
        self._places.clear()
        await self._prober.aclose()
        embedded, self._embedded_links = self._embedded_links, {}
        await asyncio.gather(self._pool.aclose(), *(link.instance.aclose() for link in embedded.values()))

    def _chain(self, chain: type[C], kind: ProviderKind, links: Sequence[Link[Any]]) -> C:
        """Raises ProviderUnavailable without any link: neither rows nor an embedded engine that runs here."""
        if not links:
            raise nobody(kind, None)
        return chain(kind, tuple(links), self._clock, self._observer)

    def _last(self, kind: ProviderKind) -> list[Link[Any]]:
        name = self._embedded.name(kind)
        if kind not in self._embedded_links and name is not None:
            link = self._builder.embedded(kind, name)
            if link is None:
                return []
            self._embedded_links[kind] = link
        return [self._embedded_links[kind]] if kind in self._embedded_links else []

    async def _chosen(self, domain_uuid: UUID, kind: ProviderKind, choice: Sequence[UUID]) -> list[Link[Any]]:
        place = await self._place(domain_uuid)
        keys = place.keys.get(kind, {})
        rows = [row for row in choice if row in keys] if choice else list(keys)
        if choice and len(rows) < len(choice):
            log.warning("chosen provider rows are gone", kind=kind.value, domain_uuid=str(domain_uuid))
        allowed = self._allowed(place, kind, rows)
        if rows and not allowed and kind is not ProviderKind.REALTIME:
            # What the secretary chose is above the domain's tier now: the domain's own order counts.
            allowed = self._allowed(place, kind, list(keys))
        return allowed

    def _allowed(self, place: _Place, kind: ProviderKind, rows: Sequence[UUID]) -> list[Link[Any]]:
        keys = place.keys.get(kind, {})
        free = False
        # Vectors of two models do not mix: knowledge is searched with what it was stored with.
        if self._allowances is not None and place.tenant is not None and kind is not ProviderKind.EMBEDDINGS:
            standing = self._allowances.standing(place.tenant)
            free = standing.stopped
            rows = [row for row in rows if not place.tiers[row] or standing.tier in place.tiers[row]]
        # Two rows of a local engine with equal settings are one link; it is asked once.
        links = [link for key in dict.fromkeys(keys[row] for row in rows) for link in self._pool.get(key)]
        return [link for link in links if link.local or not free]

    async def _place(self, domain_uuid: UUID) -> _Place:
        place = self._places.setdefault(domain_uuid, _Place())
        self._places.move_to_end(domain_uuid)
        if self._stale(place):
            async with place.reading:
                if self._stale(place):
                    await self._read(domain_uuid, place)
        return place

    def _stale(self, place: _Place) -> bool:
        return self._clock.monotonic() - place.read_at >= self._limits.recheck_s

    async def _read(self, domain_uuid: UUID, place: _Place) -> None:
        """All kinds at once: a turn needs three of them, and should wait for the database once."""
        asked_at = self._clock.monotonic()
        try:
            rows, _ = await asyncio.gather(
                self._rows.rows_of(domain_uuid), self._learn_tenant(domain_uuid, place)
            )
        except VoiceAiError as error:
            if not place.known:
                raise
            log.warning("provider rows not read", domain_uuid=str(domain_uuid), code=error.code)
            place.read_at = asked_at
            return
        before = place.all_keys
        place.keys = {kind: self._owned(domain_uuid, kind, found) for kind, found in rows.items()}
        place.tiers = {
            row.provider_uuid: self._builder.tiers(kind, row) for kind, found in rows.items() for row in found
        }
        place.read_at, place.known = asked_at, True
        self._pool.disown(before - place.all_keys, domain_uuid)
        self._drop_least_used()

    async def _learn_tenant(self, domain_uuid: UUID, place: _Place) -> None:
        """A domain's calls go on with what was known before where it cannot be read."""
        try:
            place.words = await self._words(domain_uuid)
            if self._allowances is not None:
                place.tenant = await self._allowances.tenant(domain_uuid)
        except VoiceAiError as error:
            if self._allowances is not None and place.tenant is None:
                raise  # not knowing a budget must not mean that there is none
            log.warning("a domain's settings were not read", domain_uuid=str(domain_uuid), code=error.code)

    async def _words(self, domain_uuid: UUID) -> Pronunciations:
        """None for callers whom no domain takes."""
        try:
            return await self._own_words.pronunciations(domain_uuid)
        except NotFound:
            return Pronunciations()

    def _owned(self, domain_uuid: UUID, kind: ProviderKind, rows: Sequence[ProviderRow]) -> dict[UUID, str]:
        keys = {}
        for row in sorted(rows, key=lambda row: (row.priority, str(row.provider_uuid))):
            key = self._builder.key(kind, row)
            self._pool.own(key, domain_uuid, lambda row=row: self._builder.links(kind, row))  # type: ignore[misc]
            keys[row.provider_uuid] = key
        return keys

    def _drop_least_used(self) -> None:
        while len(self._places) > self._limits.places:
            domain_uuid, place = next(iter(self._places.items()))
            if place.reading.locked():
                return
            del self._places[domain_uuid]
            self._pool.disown(place.all_keys, domain_uuid)
