"""Which recogniser a domain wants for which utterance: its setting `stt_routing`."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

CHEAPEST: Final = "cheapest"
_Named = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}(/[^\s/].{0,199})?$")]


class SttRule(BaseModel):
    """One line of the table. The first that fits an utterance decides; none: the rows' own order.

    Attributes:
        snr_below_db, snr_from_db: It fits noisier, or cleaner utterances; one that is too short to tell fits neither.
        shorter_than_ms, from_ms: It fits shorter, or longer ones.
        prefer: Providers in the order in which they are asked, as `deepgram` or `openai/whisper-1`; `cheapest`: by the
            price of this utterance. Those that are not named follow in their own order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    snr_below_db: Annotated[float, Field(ge=0, le=60)] | None = None
    snr_from_db: Annotated[float, Field(ge=0, le=60)] | None = None
    shorter_than_ms: Annotated[int, Field(gt=0, le=600_000)] | None = None
    from_ms: Annotated[int, Field(ge=0, le=600_000)] | None = None
    prefer: Annotated[tuple[_Named, ...], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _fits_something(self) -> SttRule:
        if None not in (self.snr_below_db, self.snr_from_db) and self.snr_below_db <= self.snr_from_db:  # type: ignore[operator]
            raise ValueError("snr_below_db must be above snr_from_db")
        if None not in (self.shorter_than_ms, self.from_ms) and self.shorter_than_ms <= self.from_ms:  # type: ignore[operator]
            raise ValueError("shorter_than_ms must be above from_ms")
        return self

    def fits(self, snr_db: float | None, duration_ms: int) -> bool:
        if (self.snr_below_db is not None or self.snr_from_db is not None) and snr_db is None:
            return False
        return (
            (self.snr_below_db is None or snr_db < self.snr_below_db)  # type: ignore[operator]
            and (self.snr_from_db is None or snr_db >= self.snr_from_db)  # type: ignore[operator]
            and (self.shorter_than_ms is None or duration_ms < self.shorter_than_ms)
            and (self.from_ms is None or duration_ms >= self.from_ms)
        )
