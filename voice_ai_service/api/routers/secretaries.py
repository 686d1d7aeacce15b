"""Secretaries: a draft that is edited, versions that answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from voice_ai_service.api.admission import Admin, Reader
from voice_ai_service.api.service import Parts, Service
from voice_ai_service.calls.secretary import ProviderChoice, Secretary
from voice_ai_service.calls.stored import SecretaryDraft, SecretaryVersion, StoredSecretary
from voice_ai_service.errors import InvalidInput
from voice_ai_service.tenancy.tenant import Tenant

router = APIRouter(prefix="/secretaries", tags=["secretaries"])

VersionNumber = Annotated[int, Path(ge=1, le=1_000_000)]


class Secretaries(BaseModel):
    secretaries: list[StoredSecretary]


class Versions(BaseModel):
    versions: list[SecretaryVersion]


class PublishRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, StringConstraints(max_length=500)] = ""


@router.get("", summary="All secretaries of the domain")
async def list_secretaries(tenant: Reader, parts: Parts) -> Secretaries:
    return Secretaries(secretaries=list(await parts.secretaries.list(tenant.domain_uuid)))


@router.post("", status_code=201, summary="A new draft; it answers once it is published")
async def create(draft: SecretaryDraft, tenant: Admin, parts: Parts) -> StoredSecretary:
    await _check_providers(parts, tenant, draft)
    return await parts.secretaries.create(tenant.domain_uuid, draft)


@router.get("/{secretary_uuid}")
async def find(secretary_uuid: UUID, tenant: Reader, parts: Parts) -> StoredSecretary:
    return await parts.secretaries.get(tenant.domain_uuid, secretary_uuid)


@router.put("/{secretary_uuid}", summary="Replace the draft")
async def update(secretary_uuid: UUID, draft: SecretaryDraft, tenant: Admin, parts: Parts) -> StoredSecretary:
    await _check_providers(parts, tenant, draft)
    stored = await parts.secretaries.update(tenant.domain_uuid, secretary_uuid, draft)
    parts.book.forget()
    return stored


@router.delete("/{secretary_uuid}", status_code=204)
async def delete(secretary_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    await parts.secretaries.delete(tenant.domain_uuid, secretary_uuid)
    parts.book.forget()


@router.post("/{secretary_uuid}/publish", summary="Answer new calls with the draft, as the next version")
async def publish(secretary_uuid: UUID, asked: PublishRequest, tenant: Admin, parts: Parts) -> Secretary:
    secretary = await parts.secretaries.publish(tenant.domain_uuid, secretary_uuid, asked.note)
    parts.book.forget()
    await parts.greetings.warm(tenant, secretary.extension)
    return secretary


@router.get("/{secretary_uuid}/versions")
async def versions(secretary_uuid: UUID, tenant: Reader, parts: Parts) -> Versions:
    return Versions(versions=list(await parts.secretaries.versions(tenant.domain_uuid, secretary_uuid)))


@router.get("/{secretary_uuid}/versions/{version}")
async def version(secretary_uuid: UUID, version: VersionNumber, tenant: Reader, parts: Parts) -> Secretary:
    return await parts.secretaries.version(tenant.domain_uuid, secretary_uuid, version)


@router.post(
    "/{secretary_uuid}/versions/{version}/publish", summary="Answer new calls with an earlier version again"
)
async def roll_back(secretary_uuid: UUID, version: VersionNumber, tenant: Admin, parts: Parts) -> Secretary:
    secretary = await parts.secretaries.roll_back(tenant.domain_uuid, secretary_uuid, version)
    parts.book.forget()
    return secretary


async def _check_providers(parts: Service, tenant: Tenant, draft: SecretaryDraft) -> None:
    """Each provider that is chosen must be one of the domain's, and of the kind that it is chosen for.

    Raises:
        InvalidInput: Names the first that is not.
    """
    chosen = draft.settings.providers
    if chosen == ProviderChoice():
        return
    kinds = {row.provider_uuid: row.kind.value for row in await parts.providers.all(tenant.domain_uuid)}
    for kind in ProviderChoice.model_fields:
        for index, provider_uuid in enumerate(getattr(chosen, kind)):
            if kinds.get(provider_uuid) != kind:
                raise InvalidInput(
                    f"The domain has no {kind} provider of this uuid",
                    field=f"settings.providers.{kind}.{index}",
                    fix="Choose one of GET /providers",
                )
