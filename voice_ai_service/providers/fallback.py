"""One request, several providers: who is asked, for how long, and what is remembered of it.

The next provider is asked after any ProviderError of the one before, in the same turn; the same provider is
never asked twice. Errors that are not the provider's (a request of ours that is wrong, a text source that
broke) end the request at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.errors import (
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    VoiceAiError,
)
from voice_ai_service.providers.breaker import Breaker
from voice_ai_service.providers.entry import Closing, ProviderKind, StageTimeouts
from voice_ai_service.providers.instances import Instance

P = TypeVar("P", bound=Closing)
T = TypeVar("T")

ITS_OWN_TIMEOUTS: Final = StageTimeouts()

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Used(Generic[T]):
    """An answer and whose it is: `provider` is the registry name, `model` the provider's own."""

    value: T
    provider: str
    model: str | None


@dataclass(frozen=True, slots=True)
class UsedProvider:
    """`cached`: it had made the answer before, and was not asked now."""

    provider: str
    model: str | None
    cached: bool = False


class ProviderObserver(Protocol):
    """Told of every request to a provider."""

    def on_result(self, kind: str, name: str, outcome: str, seconds: float) -> None:
        """`outcome`: ok, cancelled, skipped (its circuit is open), or an error's code. Bounded; fit for a
        label.
        """
        ...


class NobodyWatches:
    def on_result(self, kind: str, name: str, outcome: str, seconds: float) -> None:
        """Forgets it."""


class CircuitOpen(ProviderBusy):
    """The provider was not asked: it failed too often a moment ago."""


@dataclass(frozen=True, slots=True)
class Link(Generic[P]):
    """One provider as chains see it; shared by all chains with the same row or the same local settings.

    Attributes:
        revision: Another one when the row's settings or key were changed.
        local: It runs on this machine, and costs nothing.
    """

    name: str
    model: str | None
    instance: Instance[P]
    breaker: Breaker
    timeouts: StageTimeouts = ITS_OWN_TIMEOUTS
    revision: str = ""
    local: bool = False

    @property
    def used(self) -> UsedProvider:
        return UsedProvider(self.name, self.model)

    def resting(self) -> ProviderError:
        """Why a link whose circuit is open was not asked."""
        return CircuitOpen(
            f"The provider {self.name} failed and is left alone for a moment.",
            provider=self.name,
            retry_after_s=self.breaker.retry_after_s,
        )


class Attempt:
    """One request to one link, as the chain that makes it sees it.

    Attributes:
        answered: Something usable came: stopping now is not a request that nobody waited for.
        failure: How the provider failed, where the error itself does not come out of the request.
        excused: Whether an error that comes out of the request is somebody else's.
    """

    def __init__(self) -> None:
        self.answered = False
        self.failure: ProviderError | None = None
        self.excused: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Chain(Generic[P]):
    """The links in the order in which they are asked; never empty."""

    kind: ProviderKind
    links: Sequence[Link[P]]
    clock: Clock
    observer: ProviderObserver

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(link.name for link in self.links)

    @property
    def revision(self) -> str:
        """Of the first link: what was made with its settings may be kept as long as this stays the same."""
        return self.links[0].revision

    async def warm(self) -> None:
        """Make the first provider ready for a request that is about to come: built, and connected if it can be.

        What fails here fails again, and is counted, when it is asked.
        """
        link = self.links[0]
        try:
            with as_provider_errors(link.name):
                async with link.instance.lease() as provider:
                    warm = getattr(provider, "warm", None)
                    if warm is not None:
                        await warm()
        except ProviderError as error:
            log.info("provider not warmed", provider=link.name, code=error.code)

    @asynccontextmanager
    async def attempt(self, link: Link[P]) -> AsyncIterator[tuple[P, Attempt]]:
        """Leases the link's provider and records how it went.

        Raises:
            ProviderError: of the provider, or because its circuit is open; the next link may be asked.
        """
        admission = link.breaker.enter()
        if admission is None:
            self.observer.on_result(self.kind.value, link.name, "skipped", 0.0)
            raise link.resting()
        started = self.clock.monotonic()
        attempt = Attempt()
        outcome = "cancelled"
        try:
            with as_provider_errors(link.name):
                async with link.instance.lease() as provider:
                    yield provider, attempt
            outcome = "ok"
        except ProviderError as error:
            if is_about_the_request(error):
                outcome = error.code
            elif not attempt.excused():
                attempt.failure = attempt.failure or error
            raise
        except VoiceAiError as error:
            outcome = error.code
            raise
        finally:
            if attempt.failure is not None:
                outcome = attempt.failure.code
                link.breaker.failed(
                    admission, attempt.failure.retry_after_s, at_once=refuses_the_key(attempt.failure)
                )
                self._tell(link, attempt.failure)
            elif attempt.answered or outcome == "ok":
                outcome = "ok"
                link.breaker.succeeded(admission)
            else:
                link.breaker.abandoned(admission)
            self.observer.on_result(self.kind.value, link.name, outcome, self.clock.monotonic() - started)

    async def first(self, call: Callable[[P], Awaitable[T]], limit_s: float) -> Used[T]:
        """The first answer, each link within the shorter of `limit_s` and its own limits.

        Raises:
            ProviderError: the last link's, when none answered.
        """
        last: ProviderError | None = None
        for link in self.links:
            try:
                async with self.attempt(link) as (provider, _):
                    async with asyncio.timeout(answer_limit_s(link.timeouts, limit_s)):
                        value = await call(provider)
                return Used(value, link.name, link.model)
            except ProviderError as error:
                last = more_telling(last, error)
        raise nobody(self.kind, last)

    def _tell(self, link: Link[P], failure: ProviderError) -> None:
        log.warning("provider failed", kind=self.kind.value, provider=link.name, code=failure.code)
        log.debug("provider failure", kind=self.kind.value, provider=link.name, detail=failure.detail)


_OF_THE_REQUEST: Final = frozenset({"voice", "language", "sample_rate_hz", "speed", "phrases", "content"})


def is_about_the_request(error: ProviderError) -> bool:
    """Refused for what was asked: the provider is well. One tenant's wrong voice must not rest it for all others."""
    return isinstance(error, ProviderRefused) and error.field in _OF_THE_REQUEST


def refuses_the_key(error: ProviderError) -> bool:
    """It will refuse it again: the next key is asked from now on, not after three callers have waited."""
    return isinstance(error, ProviderRefused) and error.field == "secret"


def answer_limit_s(timeouts: StageTimeouts, asked_s: float) -> float:
    limits = (asked_s, timeouts.first_byte_s, timeouts.total_s)
    return min(limit for limit in limits if limit is not None)


def more_telling(before: ProviderError | None, now: ProviderError) -> ProviderError:
    """The later error, but what a provider did rather than that one was not asked."""
    return before if before is not None and isinstance(now, CircuitOpen) else now


def nobody(kind: ProviderKind, last: ProviderError | None) -> ProviderError:
    return last or ProviderUnavailable(
        f"No {kind} provider is configured, and none is installed.",
        provider="none",
        fix="Configure one, or install the embedded engines: pip install 'voice-ai[embedded]'",
    )


class as_provider_errors:  # noqa: N801 - reads as a verb where it is used
    """Nothing but an error of our tree leaves an adapter, whoever wrote it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is None or isinstance(error, VoiceAiError) or not isinstance(error, Exception):
            return
        if isinstance(error, TimeoutError):
            raise ProviderTimeout(f"The provider {self._name} took too long.", provider=self._name) from error
        raise ProviderProtocol(
            f"The provider {self._name} failed in a way it must not.", provider=self._name, detail=repr(error)
        ) from error
