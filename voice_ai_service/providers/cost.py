"""What requests to providers cost, from a list of prices: ours, and over it the operator's. Pure.

Shipped are only list prices that a vendor's own page states (`prices.json`, each with the page and the day it was
read); a wrong sum is worse than none. Without a price a cost is unknown, which is not the same as nothing; engines on
this machine cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.entry import ProviderKind

_MINUTE_S: Final = Decimal(60)
_THOUSAND: Final = Decimal(1000)
_MILLION: Final = Decimal(1_000_000)

Cents = Annotated[Decimal, Field(ge=0, le=1_000_000)]
_Key = tuple[ProviderKind, str, str | None]


@dataclass(frozen=True, slots=True)
class Consumption:
    """What one request took, in the units that its kind is sold by; the others stay 0."""

    kind: ProviderKind
    provider: str
    model: str | None
    seconds: float = 0.0
    characters: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Price(BaseModel):
    """One line of the list. Without `model` it is the price of all the provider's models that have no line.

    Attributes:
        minute: Cents a minute of audio: speech to text, realtime.
        thousand_characters: Cents a thousand characters: text to speech.
        million_prompt_tokens, million_completion_tokens: Cents a million tokens: language models, embeddings.
        source, as_of: Where the price stands, and the day it was read there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ProviderKind
    provider: str
    model: str | None = None
    minute: Cents = Decimal(0)
    thousand_characters: Cents = Decimal(0)
    million_prompt_tokens: Cents = Decimal(0)
    million_completion_tokens: Cents = Decimal(0)
    source: str | None = None
    as_of: date | None = None

    @property
    def key(self) -> _Key:
        return self.kind, self.provider, self.model

    def of(self, used: Consumption) -> Decimal:
        """In cents, unrounded: a turn costs a fraction of one."""
        return (
            self.minute * Decimal(str(used.seconds)) / _MINUTE_S
            + self.thousand_characters * used.characters / _THOUSAND
            + self.million_prompt_tokens * used.prompt_tokens / _MILLION
            + self.million_completion_tokens * used.completion_tokens / _MILLION
        )


_LINES: Final = TypeAdapter(list[Price])


def shipped() -> str:
    """The list prices that come with this version, as `PriceList.parse` reads them; cents of US dollars."""
    return resources.files(__package__).joinpath("prices.json").read_text(encoding="utf-8")


class PriceList:
    """
    Args:
        free: Kind and registry name of the engines that run on this machine.
    """

    def __init__(self, prices: Iterable[Price] = (), free: Iterable[tuple[ProviderKind, str]] = ()) -> None:
        self._prices: Mapping[_Key, Price] = {price.key: price for price in prices}
        self._free = frozenset(free)

    @classmethod
    def parse(cls, text: str, free: Iterable[tuple[ProviderKind, str]] = ()) -> PriceList:
        """From a JSON array of prices. Raises InvalidInput naming the entry: `prices.3.minute`."""
        try:
            content = json.loads(text, parse_float=Decimal)
        except ValueError as error:
            raise InvalidInput(
                "The list of prices is not JSON.", field="prices", detail=str(error)
            ) from error
        try:
            prices = _LINES.validate_python(content)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(("prices", *(str(part) for part in fault["loc"])))
            raise InvalidInput("The list of prices is wrong.", field=field, fix=f"{fault['msg']}.") from None
        keys = [price.key for price in prices]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise InvalidInput("The list of prices says one thing twice.", field=f"prices.{number}")
        return cls(prices, free)

    def overridden_by(self, other: PriceList) -> PriceList:
        """This list with the lines of another in place of its own, and what is free in either."""
        return PriceList({**self._prices, **other._prices}.values(), self._free | other._free)

    def cents(self, used: Consumption) -> Decimal | None:
        """What one request cost; None when nobody said what it costs."""
        if (used.kind, used.provider) in self._free:
            return Decimal(0)
        by_model = self._prices.get((used.kind, used.provider, used.model))
        price = by_model or self._prices.get((used.kind, used.provider, None))
        return None if price is None else price.of(used)

    def total_cents(self, all_used: Iterable[Consumption]) -> Decimal | None:
        """What a call cost; None when the cost of a part of it is not known."""
        total = Decimal(0)
        for used in all_used:
            cents = self.cents(used)
            if cents is None:
                return None
            total += cents
        return total
