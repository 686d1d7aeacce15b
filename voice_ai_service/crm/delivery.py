"""One try to deliver one event."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from random import Random
from typing import Any, Final, Protocol
from uuid import UUID

import httpx
import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.crm.backoff import next_pause_s
from voice_ai_service.crm.events import WebhookKind
from voice_ai_service.crm.outbox import Claim, ClaimedEvent, Failure
from voice_ai_service.crm.signing import sign
from voice_ai_service.crm.verdict import Answer, Verdict, judge
from voice_ai_service.crm.webhook import Target
from voice_ai_service.errors import Unavailable, VoiceAiError
from voice_ai_service.net.guard import AddressRefused

SERVICE_NAME: Final = "voice-ai"
_DRAINED_BYTES: Final = 16 * 1024
_DRAIN_S: Final = 1.0

_log = structlog.get_logger()


class Targets(Protocol):
    async def target(self, domain_uuid: UUID, webhook_uuid: UUID) -> Target: ...

    async def disable(self, domain_uuid: UUID, webhook_uuid: UUID) -> None: ...


class Deliveries(Protocol):
    """The outbox as a delivery sees it."""

    async def load(self, claim: Claim) -> ClaimedEvent | None: ...

    async def delivered(self, event: ClaimedEvent, status_code: int) -> None: ...

    async def retry(self, event: ClaimedEvent, failure: Failure, pause_s: float) -> bool: ...

    async def dead(self, event: ClaimedEvent, failure: Failure) -> bool: ...


class Delivery:
    """
    Args:
        client: Of `net.transport.guarded_client`: no redirects, no private addresses.
        timeout_s: For a whole try, from the name's resolution to the last header.
    """

    def __init__(
        self,
        outbox: Deliveries,
        targets: Targets,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        timeout_s: float,
        random: Random | None = None,
    ) -> None:
        self._outbox = outbox
        self._targets = targets
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s
        self._random = random or Random()  # noqa: S311  jitter

    async def deliver(self, claim: Claim) -> Verdict | None:
        """Try once and write down what came of it. None: the claim was not ours any more.

        Raises:
            Unavailable: The database is not there; the lease runs out and another worker tries.
        """
        event = await self._outbox.load(claim)
        if event is None:
            return None
        answer = await self._answer(event)
        await self._note(event, answer)
        return answer.verdict

    async def _answer(self, event: ClaimedEvent) -> Answer:
        try:
            target = await self._targets.target(event.claim.domain_uuid, event.webhook_uuid)
        except Unavailable:
            raise
        except VoiceAiError as error:
            return Answer(Verdict.REFUSED, error.message)
        if not target.enabled:
            return Answer(Verdict.GONE, "the webhook is switched off")
        if target.secrets is None and target.kind is WebhookKind.STANDARD:
            return Answer(Verdict.REFUSED, "the webhook has no signing secret: rotate it to make one")
        try:
            return await self._send(target, event)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(Verdict.FAILED, f"no answer within {self._timeout_s:g} s")
        except AddressRefused as error:
            return Answer(Verdict.REFUSED, error.message)
        except httpx.TransportError as error:
            return Answer(Verdict.FAILED, _WORDS.get(type(error), "the connection failed"))
        except (httpx.InvalidURL, UnicodeError):
            return Answer(Verdict.REFUSED, "the webhook's address cannot be called")

    async def _send(self, target: Target, event: ClaimedEvent) -> Answer:
        body = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"))
        headers = self._headers(target, event, body)
        async with AsyncExitStack() as open_until_drained:
            async with asyncio.timeout(self._timeout_s):
                response = await open_until_drained.enter_async_context(
                    self._client.stream("POST", target.url, content=body.encode(), headers=headers)
                )
            await _drain(response)
            return judge(response.status_code, response.headers, self._clock.now())

    def _headers(self, target: Target, event: ClaimedEvent, body: str) -> dict[str, str]:
        headers = dict(target.headers)
        headers |= {"Content-Type": "application/json", "User-Agent": SERVICE_NAME}
        if target.kind is WebhookKind.OMNIPLAY:
            headers["X-Service-Name"] = SERVICE_NAME
        if target.token:
            headers["Authorization"] = f"Bearer {target.token}"
        if target.secrets is not None:
            now = self._clock.now()
            headers |= sign(target.secrets.valid_at(now), event.event_id, now, body).as_dict()
        return headers

    async def _note(self, event: ClaimedEvent, answer: Answer) -> None:
        known: Mapping[str, Any] = {
            "domain_uuid": str(event.claim.domain_uuid),
            "outbox_uuid": str(event.claim.outbox_uuid),
            "event_name": event.name,
            "tries": event.tries + 1,
            "status_code": answer.status_code,
        }
        if answer.verdict is Verdict.DELIVERED:
            await self._outbox.delivered(event, answer.status_code or 0)
            _log.info("an event was delivered", **known)
            return
        failure = Failure(answer.reason, answer.status_code)
        pause_s = self._pause_s(event, answer)
        if pause_s is None:
            await self._outbox.dead(event, failure)
            _log.error("an event is dead: replay it once the receiver is well", reason=answer.reason, **known)
        else:
            await self._outbox.retry(event, failure, pause_s)
            _log.warning(
                "an event was not delivered", reason=answer.reason, next_try_s=round(pause_s), **known
            )
        if answer.verdict is Verdict.GONE and answer.status_code is not None:
            await self._targets.disable(event.claim.domain_uuid, event.webhook_uuid)
            _log.error("a webhook was switched off: its receiver is gone", **known)

    def _pause_s(self, event: ClaimedEvent, answer: Answer) -> float | None:
        if answer.verdict is Verdict.GONE:
            return None
        return next_pause_s(
            event.tries + 1,
            self._random,
            refused=answer.verdict is Verdict.REFUSED,
            retry_after_s=answer.retry_after_s,
        )


async def _drain(response: httpx.Response) -> None:
    """Read a short body, so that the connection can be used again. The status has said all: what a long, slow
    or broken body costs is the connection, not the event."""
    read = 0
    with contextlib.suppress(TimeoutError, httpx.TransportError):
        async with asyncio.timeout(_DRAIN_S):
            async for part in response.aiter_raw():
                read += len(part)
                if read > _DRAINED_BYTES:
                    return


_WORDS: Final[dict[type[httpx.TransportError], str]] = {
    httpx.ConnectError: "no connection to the receiver",
    httpx.ReadError: "the receiver cut the connection",
    httpx.WriteError: "the receiver cut the connection",
    httpx.RemoteProtocolError: "the receiver did not answer in HTTP",
    httpx.LocalProtocolError: "the webhook's headers cannot be sent",
}
