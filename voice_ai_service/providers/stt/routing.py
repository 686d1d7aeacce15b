"""The recognisers of one utterance in the order in which they are asked: by its noise, its length and its price."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.noise import snr_db
from voice_ai_service.providers.cost import Consumption, PriceList
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.tenancy.stt_rules import CHEAPEST, SttRule


class Candidate(Protocol):
    """A link of the chain. `revision` is empty for the embedded engine, which stays behind all others."""

    @property
    def name(self) -> str: ...
    @property
    def model(self) -> str | None: ...
    @property
    def revision(self) -> str: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Traits:
    """Of an utterance. `snr_db`: None where it cannot be told."""

    snr_db: float | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class SttRouting:
    """A domain's table."""

    rules: tuple[SttRule, ...]
    prices: PriceList

    async def ordered(self, links: Sequence[C], audio: PcmAudio) -> Sequence[C]:
        """The same links; the utterance is looked at beside the event loop."""
        if len(links) < 2:
            return links
        traits = await asyncio.to_thread(traits_of, audio)
        return self.by(links, traits)

    def by(self, links: Sequence[C], traits: Traits) -> Sequence[C]:
        rule = next((rule for rule in self.rules if rule.fits(traits.snr_db, traits.duration_ms)), None)
        if rule is None:
            return links
        return sorted(links, key=lambda link: self._rank(rule, link, traits))

    def _rank(self, rule: SttRule, link: Candidate, traits: Traits) -> tuple[int, bool, Decimal]:
        """What is preferred, then what has a price, then the cheapest; equal ones keep their order."""
        names = {link.name, f"{link.name}/{link.model}"}
        for place, wanted in enumerate(rule.prefer):
            if wanted in names:
                return place, False, Decimal(0)
            if wanted == CHEAPEST and link.revision and (cents := self._cents(link, traits)) is not None:
                return place, False, cents
        return len(rule.prefer), not link.revision, Decimal(0)

    def _cents(self, link: Candidate, traits: Traits) -> Decimal | None:
        seconds = traits.duration_ms / 1000
        return self.prices.cents(Consumption(ProviderKind.STT, link.name, link.model, seconds=seconds))


def traits_of(audio: PcmAudio) -> Traits:
    return Traits(snr_db(audio), audio.duration_ms)
