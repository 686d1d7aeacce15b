"""Which domains a credential reaches."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from voice_ai_service.api.admission import Visitor, knocking
from voice_ai_service.api.service import Parts
from voice_ai_service.tenancy.tenant import Scope

router = APIRouter(prefix="/domains", tags=["domains"])


class DomainAnswer(BaseModel):
    domain_uuid: UUID
    domain_name: str


class DomainList(BaseModel):
    domains: list[DomainAnswer]


@router.get("", summary="The credential's domain; with a PBX's token, all that have secretaries")
async def list_domains(
    visitor: Annotated[Visitor, Depends(knocking(Scope.READ))], parts: Parts
) -> DomainList:
    bound_to = visitor.credential.domain_uuid
    reached = [bound_to] if bound_to is not None else await parts.domains.with_secretaries()
    tenants = [await parts.domains.by_uuid(domain_uuid) for domain_uuid in reached]
    return DomainList(
        domains=[DomainAnswer(domain_uuid=one.domain_uuid, domain_name=one.domain_name) for one in tenants]
    )
