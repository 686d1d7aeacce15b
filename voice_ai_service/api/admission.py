"""The door of every route: who asks, for which domain, and whether that may be now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request

from voice_ai_service.api.service import Parts, Service
from voice_ai_service.tenancy.door import require_scope
from voice_ai_service.tenancy.tenant import Credential, Scope, Tenant


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request that knocked with a credential; `admit` says for which domain it is let in."""

    service: Service
    credential: Credential
    authorization: str | None
    api_key: str | None
    header_domain: str | None
    peer: str
    scope: Scope

    async def admit(self, body_domain_uuid: object = None, body_domain_name: str | None = None) -> Tenant:
        """The tenant that this request acts for.

        Raises:
            Forbidden, InvalidInput, NotFound, Conflict, LimitReached: as the door says.
        """
        admission = await self.service.door.admit(
            authorization=self.authorization,
            api_key=self.api_key,
            header_domain=self.header_domain,
            body_domain_uuid=None if body_domain_uuid is None else str(body_domain_uuid),
            body_domain_name=body_domain_name,
            scope=self.scope,
            peer=self.peer,
        )
        structlog.contextvars.bind_contextvars(domain_uuid=str(admission.tenant.domain_uuid))
        return admission.tenant


def knocking(scope: Scope) -> Callable[..., Awaitable[Visitor]]:
    """A dependency that checks the credential before the body is looked at, and leaves the domain to `admit`."""

    async def knock(
        request: Request,
        service: Parts,
        authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
        x_api_key: Annotated[str | None, Header(include_in_schema=False)] = None,
        x_domain_uuid: Annotated[
            str | None,
            Header(description="Needed with a PBX's token; must agree with the credential otherwise"),
        ] = None,
    ) -> Visitor:
        peer = request.client.host if request.client else ""
        credential = await service.door.identify(authorization, x_api_key, peer)
        require_scope(credential, scope)
        return Visitor(service, credential, authorization, x_api_key, x_domain_uuid, peer, scope)

    return knock


def admitted(scope: Scope) -> Callable[..., Awaitable[Tenant]]:
    """A dependency for routes whose body names no domain."""

    knock = Depends(knocking(scope))

    async def admit(visitor: Visitor = knock) -> Tenant:
        return await visitor.admit()

    return admit


CallsVisitor = Annotated[Visitor, Depends(knocking(Scope.CALLS))]
AdminVisitor = Annotated[Visitor, Depends(knocking(Scope.ADMIN))]
SpeechVisitor = Annotated[Visitor, Depends(knocking(Scope.SPEECH))]
Reader = Annotated[Tenant, Depends(admitted(Scope.READ))]
Admin = Annotated[Tenant, Depends(admitted(Scope.ADMIN))]
CallsTenant = Annotated[Tenant, Depends(admitted(Scope.CALLS))]
