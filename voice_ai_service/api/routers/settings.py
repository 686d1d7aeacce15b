"""What a domain may decide for itself: its limits, tier, time zone and country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, JsonValue

from voice_ai_service.api.admission import AdminVisitor, Reader
from voice_ai_service.api.service import Parts
from voice_ai_service.errors import Forbidden
from voice_ai_service.tenancy.stt_rules import SttRule
from voice_ai_service.tenancy.tenant import BudgetAction, Tenant, Tier

router = APIRouter(prefix="/settings", tags=["settings"])

SettingName = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$")]


OPERATORS: Final = frozenset(
    {
        "tier",
        "requests_per_minute",
        "max_concurrent_calls",
        "max_upload_bytes",
        "max_documents",
        "monthly_budget_cents",
        "budget_action",
    }
)
"""What a tenant may use is the operator's to decide: only the PBX's own credential changes it."""


class SettingsAnswer(BaseModel):
    tier: Tier
    time_zone: str
    country: str
    requests_per_minute: int
    max_concurrent_calls: int
    max_upload_bytes: int
    max_documents: int
    chunk_tokens: int
    overlap_tokens: int
    monthly_budget_cents: int | None
    budget_action: BudgetAction
    pronunciations: Mapping[str, Mapping[str, str]]
    stt_routing: tuple[SttRule, ...]
    blocked_words: tuple[str, ...]
    moderated: bool


class SettingRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: JsonValue


@router.get("")
async def read(tenant: Reader) -> SettingsAnswer:
    return _answer(tenant)


@router.put("/{name}")
async def change(
    name: SettingName, asked: SettingRequest, visitor: AdminVisitor, parts: Parts
) -> SettingsAnswer:
    tenant = await visitor.admit()
    if name in OPERATORS and visitor.credential.domain_uuid is not None:
        raise Forbidden("A domain does not set its own limits", field="name", fix="Ask whoever runs the PBX")
    await parts.domains.put_setting(tenant.domain_uuid, name, asked.value)
    return _answer(await parts.domains.by_uuid(tenant.domain_uuid))


def _answer(tenant: Tenant) -> SettingsAnswer:
    limits = tenant.limits
    return SettingsAnswer(
        tier=tenant.tier,
        time_zone=tenant.time_zone,
        country=tenant.country,
        requests_per_minute=limits.requests_per_minute,
        max_concurrent_calls=limits.max_concurrent_calls,
        max_upload_bytes=limits.max_upload_bytes,
        max_documents=limits.max_documents,
        chunk_tokens=tenant.knowledge.chunk_tokens,
        overlap_tokens=tenant.knowledge.overlap_tokens,
        monthly_budget_cents=limits.monthly_budget_cents,
        budget_action=limits.budget_action,
        pronunciations=tenant.pronunciations.words,
        stt_routing=tenant.stt_rules,
        blocked_words=tenant.blocked_words,
        moderated=tenant.moderated,
    )
