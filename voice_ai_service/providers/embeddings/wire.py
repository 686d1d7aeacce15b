"""Embeddings over a vendor's JSON API; what is the vendor's own about it is data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderBusy
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.embeddings.unit import unit_vector
from voice_ai_service.providers.vendor_wire import VendorWire

_ANSWER_S: Final = 30.0
_TRIES: Final = 4
LONGEST_PAUSE_S: Final = 20.0
"""A vendor that wants to be left alone for longer is busy: the document's work is put off."""


@dataclass(frozen=True, slots=True)
class EmbeddingForm:
    """
    Attributes:
        path: Behind the wire's address, with the query.
        most_texts, most_chars: Of one request. Characters stand for tokens, of which there are never more.
        asked: The request for some texts.
        vectors: The vectors in an answer, in the texts' order; whatever it raises for nonsense is caught.
    """

    path: str
    most_texts: int
    most_chars: int
    asked: Callable[[Sequence[str], Purpose], Mapping[str, Any]]
    vectors: Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    name: str
    dimension: int


class WireEmbeddings:
    """Closes the wire it was given."""

    def __init__(self, wire: VendorWire, form: EmbeddingForm, model: EmbeddingModel, clock: Clock) -> None:
        self._wire = wire
        self._form = form
        self._model = model
        self._clock = clock

    @property
    def model(self) -> str:
        return self._model.name

    @property
    def dimension(self) -> int:
        return self._model.dimension

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        """See the seam. For passages a short `Retry-After` is waited out; nobody on the telephone waits for them."""
        vectors: list[list[float]] = []
        for batch in self._batches([text if text.strip() else "-" for text in texts]):
            vectors += await self._patiently(batch, purpose)
        return vectors

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        chars = 0
        for text in texts:
            text = text[: self._form.most_chars]
            if batch and (len(batch) == self._form.most_texts or chars + len(text) > self._form.most_chars):
                yield batch
                batch, chars = [], 0
            batch.append(text)
            chars += len(text)
        if batch:
            yield batch

    async def _patiently(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        for _ in range(_TRIES - 1):
            try:
                return await self._once(texts, purpose)
            except ProviderBusy as error:
                pause_s = error.retry_after_s
                if purpose is Purpose.QUESTION or pause_s is None or pause_s > LONGEST_PAUSE_S:
                    raise
                await self._clock.sleep(pause_s)
        return await self._once(texts, purpose)

    async def _once(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        wire = self._wire
        read_s = wire.timeouts.first_byte_s or _ANSWER_S
        answer = await wire.json(
            await wire.post(self._form.path, self._form.asked(texts, purpose), read_s=read_s)
        )
        try:
            vectors = self._form.vectors(answer)
            if len(vectors) != len(texts):
                raise wire.errors.protocol("It gave another number of vectors than texts.")
            return [unit_vector(values, self._model.dimension, wire.errors) for values in vectors]
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise wire.errors.protocol("The answer has the wrong shape.", error) from error


def numbered_vectors(answer: Any) -> list[Any]:
    """`{"data": [{"index": 0, "embedding": […]}]}`, in any order. Raises ValueError where the numbers do not fit."""
    items = sorted(answer["data"], key=lambda item: int(item["index"]))
    if [item["index"] for item in items] != list(range(len(items))):
        raise ValueError("the vectors' numbers do not fit the texts")
    return [item["embedding"] for item in items]
