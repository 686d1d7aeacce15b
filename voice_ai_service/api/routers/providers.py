"""Speech, language and embedding providers of a domain. Keys go in and never come out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from voice_ai_service.api.admission import Admin, Reader
from voice_ai_service.api.service import Parts, Service
from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.rows import ProviderDraft, StoredProvider
from voice_ai_service.providers.trial import try_provider

router = APIRouter(prefix="/providers", tags=["providers"])


class ProviderRequest(BaseModel):
    """`secret` is write-only; null keeps the one that is stored."""

    model_config = ConfigDict(extra="forbid")
    kind: ProviderKind
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Annotated[str, StringConstraints(max_length=200)] = ""
    settings: dict[str, Any] = Field(default_factory=dict, max_length=50)
    secret: SecretStr | None = Field(None, max_length=4000)
    priority: int = Field(100, ge=0, le=100_000)
    enabled: bool = True


class ProviderAnswer(BaseModel):
    provider_uuid: UUID
    kind: ProviderKind
    name: str
    label: str
    settings: dict[str, Any]
    priority: int
    enabled: bool
    has_secret: bool


class Providers(BaseModel):
    providers: list[ProviderAnswer]


class CatalogueEntry(BaseModel):
    """`unavailable` says why it cannot run here; null when it can."""

    kind: str | None
    name: str
    unavailable: str | None
    local: bool
    secret_required: bool
    source: str
    settings_schema: dict[str, Any] | None = Field(
        description="JSON Schema of `settings`; null for a broken plug-in"
    )


class TrialAnswer(BaseModel):
    """`outcome`: what it heard, said (length) or answered, or how many numbers a vector has."""

    provider: str
    model: str | None
    first_ms: float
    total_ms: float
    outcome: str


class Catalogue(BaseModel):
    providers: list[CatalogueEntry]


@router.get("/catalogue", summary="What could be configured, and whether it can run here")
async def catalogue(tenant: Reader, parts: Parts) -> Catalogue:
    return Catalogue(
        providers=[
            CatalogueEntry(
                kind=entry.kind.value if entry.kind else None,
                name=entry.name,
                unavailable=entry.unavailable,
                local=entry.local,
                secret_required=entry.secret_required,
                source=entry.source,
                settings_schema=_schema(parts, entry.kind, entry.name),
            )
            for entry in parts.registry.listing()
        ]
    )


@router.get("", summary="The domain's providers")
async def list_providers(tenant: Reader, parts: Parts) -> Providers:
    return Providers(providers=[_answer(row) for row in await parts.providers.all(tenant.domain_uuid)])


@router.post("", status_code=201)
async def create(asked: ProviderRequest, tenant: Admin, parts: Parts) -> ProviderAnswer:
    draft = await _checked(parts, asked, has_secret=False)
    made = await parts.providers.create(tenant.domain_uuid, draft)
    parts.factory.forget(tenant.domain_uuid)
    return _answer(await parts.providers.find(tenant.domain_uuid, made))


@router.get("/{provider_uuid}")
async def find(provider_uuid: UUID, tenant: Reader, parts: Parts) -> ProviderAnswer:
    return _answer(await parts.providers.find(tenant.domain_uuid, provider_uuid))


@router.put("/{provider_uuid}")
async def update(provider_uuid: UUID, asked: ProviderRequest, tenant: Admin, parts: Parts) -> ProviderAnswer:
    stored = await parts.providers.find(tenant.domain_uuid, provider_uuid)
    if asked.secret is None and stored.has_secret and _receiver(stored) != _receiver(asked):
        # A stored key goes to whom it was given for: changing the address must not read it out.
        raise InvalidInput(
            "Another provider or address needs its own key",
            field="secret",
            fix="Send the key again, or make a new provider",
        )
    draft = await _checked(parts, asked, has_secret=stored.has_secret)
    await parts.providers.update(tenant.domain_uuid, provider_uuid, draft)
    parts.factory.forget(tenant.domain_uuid)
    return _answer(await parts.providers.find(tenant.domain_uuid, provider_uuid))


@router.delete("/{provider_uuid}", status_code=204)
async def delete(provider_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    await parts.providers.delete(tenant.domain_uuid, provider_uuid)
    parts.factory.forget(tenant.domain_uuid)


@router.post(
    "/{provider_uuid}/try", summary="Ask it for something small now, and say how long it took or why not"
)
async def try_out(provider_uuid: UUID, tenant: Admin, parts: Parts) -> TrialAnswer:
    stored = await parts.providers.find(tenant.domain_uuid, provider_uuid)
    trial = await try_provider(parts.factory, tenant.domain_uuid, stored.kind, provider_uuid)
    return TrialAnswer.model_validate(asdict(trial))


def _schema(parts: Service, kind: ProviderKind | None, name: str) -> dict[str, Any] | None:
    entry = parts.registry.find(kind, name) if kind is not None else None
    return entry.settings_model.model_json_schema() if entry is not None else None


async def _checked(parts: Service, asked: ProviderRequest, *, has_secret: bool) -> ProviderDraft:
    """What is saved, once the registry found nothing wrong with it."""
    secret = asked.secret.get_secret_value() if asked.secret else None
    known = secret if secret is not None else ("stored" if has_secret else None)
    await parts.registry.validate(asked.kind, asked.name, asked.settings, known)
    return ProviderDraft(
        kind=asked.kind,
        name=asked.name,
        label=asked.label,
        settings=asked.settings,
        priority=asked.priority,
        enabled=asked.enabled,
        sealed_secret=parts.sealer.seal(secret) if secret else None,
    )


def _receiver(row: StoredProvider | ProviderRequest) -> tuple[ProviderKind, str, object]:
    return row.kind, row.name, row.settings.get("base_url")


def _answer(row: StoredProvider) -> ProviderAnswer:
    return ProviderAnswer.model_validate(asdict(row))
