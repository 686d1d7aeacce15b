"""The tenants' webhooks in PostgreSQL, their secrets sealed."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from voice_ai_service.clock import Clock
from voice_ai_service.crm.events import WebhookKind
from voice_ai_service.crm.signing import SigningSecrets, new_secret
from voice_ai_service.crm.webhook import CreatedWebhook, Target, Webhook, WebhookDraft
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import InvalidInput, LimitReached, NotFound, Unavailable
from voice_ai_service.net.addresses import Network
from voice_ai_service.net.guard import check_url

MAX_WEBHOOKS: Final = 20
"""Of one domain: each call becomes an event for each."""
KEEP_PREVIOUS_SECRET: Final = timedelta(days=1)

_SQL = queries.load(__package__, "webhooks.sql")


class Sealer(Protocol):
    def seal(self, plain: str) -> str: ...

    def open(self, sealed: str) -> str:
        """Raises Unavailable when no key of ours opens it."""
        ...


class WebhookRepository:
    """
    All methods raise Unavailable when the database is not there.

    Args:
        allowed_networks: Private networks that a webhook may name.
    """

    def __init__(
        self, database: Database, sealer: Sealer, clock: Clock, allowed_networks: Collection[Network] = ()
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._networks = allowed_networks

    async def create(self, domain_uuid: UUID, draft: WebhookDraft) -> CreatedWebhook:
        """Make a webhook with a new signing secret, which is shown this one time.

        Raises:
            AddressRefused: The URL leads, or could lead, to where tenants must not reach.
            LimitReached: The domain has as many as it may have.
        """
        check_url(draft.url, self._networks)
        secret = new_secret()
        sealed = self._sealer.seal(SigningSecrets(current=secret).dump())
        values = _values(draft)
        async with self._database.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(
                _SQL.insert_webhook,
                domain_uuid,
                *values,
                sealed,
                self._sealed(draft.token),
                draft.enabled,
                MAX_WEBHOOKS,
            )
        if row is None:
            raise LimitReached(f"a domain has {MAX_WEBHOOKS} webhooks at most", fix="delete one first")
        return CreatedWebhook(_webhook(row), secret)

    async def update(self, domain_uuid: UUID, webhook_uuid: UUID, draft: WebhookDraft) -> Webhook:
        """Replace all but the signing secret, and the token where the draft has none.

        Raises:
            AddressRefused: As `create`.
            NotFound: The domain has no such webhook.
        """
        check_url(draft.url, self._networks)
        async with self._database.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(
                _SQL.update_webhook,
                domain_uuid,
                webhook_uuid,
                *_values(draft),
                self._sealed(draft.token),
                draft.enabled,
            )
        return _webhook(_found(row))

    async def all(self, domain_uuid: UUID) -> list[Webhook]:
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(_SQL.list_webhooks, domain_uuid)
        return [_webhook(row) for row in rows]

    async def find(self, domain_uuid: UUID, webhook_uuid: UUID) -> Webhook:
        """Raises NotFound when the domain has no such webhook."""
        async with self._database.tenant(domain_uuid) as connection:
            return _webhook(_found(await connection.fetchrow(_SQL.find_webhook, domain_uuid, webhook_uuid)))

    async def delete(self, domain_uuid: UUID, webhook_uuid: UUID) -> None:
        """Take the webhook away, and its deliveries with it. Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            if await connection.execute(_SQL.delete_webhook, domain_uuid, webhook_uuid) == "DELETE 0":
                raise NotFound("there is no such webhook", field="webhook_uuid")

    async def disable(self, domain_uuid: UUID, webhook_uuid: UUID) -> None:
        """No more events go there; what waits dies at its next turn and can be replayed."""
        async with self._database.tenant(domain_uuid) as connection:
            await connection.execute(_SQL.disable_webhook, domain_uuid, webhook_uuid)

    async def rotate_secret(
        self, domain_uuid: UUID, webhook_uuid: UUID, keep_previous: timedelta = KEEP_PREVIOUS_SECRET
    ) -> CreatedWebhook:
        """Make a new signing secret, shown this one time; the old one signs beside it for a while.

        Raises:
            NotFound: The domain has no such webhook.
        """
        async with self._database.tenant(domain_uuid) as connection:
            row = _found(await connection.fetchrow(_SQL.lock_secret, domain_uuid, webhook_uuid))
            secrets = SigningSecrets(current=new_secret())
            if row["webhook_secret"]:
                # One that cannot be read any more is what people rotate for, too.
                with contextlib.suppress(InvalidInput):
                    known = SigningSecrets.parse(self._opened(row["webhook_secret"]))
                    secrets = known.rotated(self._clock.now(), keep_previous)
            await connection.execute(
                _SQL.save_secret, domain_uuid, webhook_uuid, self._sealer.seal(secrets.dump())
            )
            found = _found(await connection.fetchrow(_SQL.find_webhook, domain_uuid, webhook_uuid))
        return CreatedWebhook(_webhook(found), secrets.current)

    async def target(self, domain_uuid: UUID, webhook_uuid: UUID) -> Target:
        """Where to send, with the secrets opened.

        Raises:
            NotFound: The webhook is gone.
            InvalidInput: Its secrets cannot be read.
        """
        async with self._database.tenant(domain_uuid) as connection:
            row = _found(await connection.fetchrow(_SQL.find_webhook, domain_uuid, webhook_uuid))
        sealed, token = row["webhook_secret"], row["webhook_token"]
        return Target(
            webhook_uuid=row["voice_webhook_uuid"],
            kind=WebhookKind(row["webhook_kind"]),
            url=row["webhook_url"],
            headers=dict(row["webhook_headers"]),
            secrets=SigningSecrets.parse(self._opened(sealed)) if sealed else None,
            token=self._opened(token) if token else None,
            enabled=row["webhook_enabled"],
        )

    def _opened(self, sealed: str) -> str:
        try:
            return self._sealer.open(sealed)
        except Unavailable as error:
            # Not the database's absence: this webhook is at fault, and waiting does not help.
            raise InvalidInput("the webhook's secret cannot be opened", fix=error.fix) from error

    def _sealed(self, token: str | None) -> str | None:
        return None if token is None else self._sealer.seal(token)


def _values(draft: WebhookDraft) -> tuple[str, str, str, list[str], dict[str, str]]:
    return (draft.name, draft.kind.value, draft.url, list(draft.events), draft.headers)


def _found(row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if row is None:
        raise NotFound("there is no such webhook", field="webhook_uuid")
    return row


def _webhook(row: Mapping[str, Any]) -> Webhook:
    return Webhook(
        webhook_uuid=row["voice_webhook_uuid"],
        name=row["webhook_name"] or "",
        kind=WebhookKind(row["webhook_kind"]),
        url=row["webhook_url"],
        events=tuple(row["webhook_events"]),
        headers=dict(row["webhook_headers"]),
        enabled=row["webhook_enabled"],
        has_token=bool(row["webhook_token"]),
    )
