"""Where calls may go, and which words send them there."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from voice_ai_service.api.admission import Admin, Reader
from voice_ai_service.api.service import Parts
from voice_ai_service.calls.secretary import Language
from voice_ai_service.calls.stored import DestinationDraft, RuleDraft, StoredDestination, StoredRule
from voice_ai_service.calls.transfer_rules import match_rule

router = APIRouter(tags=["transfers"])


class Destinations(BaseModel):
    destinations: list[StoredDestination]


class Rules(BaseModel):
    rules: list[StoredRule]


class TryRequest(BaseModel):
    """What a caller might say."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    language: Language | None = None
    secretary_uuid: UUID | None = None


class TryAnswer(BaseModel):
    """The rule that fires, or None."""

    rule: StoredRule | None


@router.get("/transfer-destinations")
async def list_destinations(tenant: Reader, parts: Parts) -> Destinations:
    return Destinations(destinations=list(await parts.destinations.list(tenant.domain_uuid)))


@router.post("/transfer-destinations", status_code=201)
async def create_destination(draft: DestinationDraft, tenant: Admin, parts: Parts) -> StoredDestination:
    made = await parts.destinations.create(tenant.domain_uuid, draft, region=tenant.country)
    parts.book.forget()
    return made


@router.get("/transfer-destinations/{destination_uuid}")
async def find_destination(destination_uuid: UUID, tenant: Reader, parts: Parts) -> StoredDestination:
    return await parts.destinations.get(tenant.domain_uuid, destination_uuid)


@router.put("/transfer-destinations/{destination_uuid}")
async def update_destination(
    destination_uuid: UUID, draft: DestinationDraft, tenant: Admin, parts: Parts
) -> StoredDestination:
    stored = await parts.destinations.update(
        tenant.domain_uuid, destination_uuid, draft, region=tenant.country
    )
    parts.book.forget()
    return stored


@router.delete("/transfer-destinations/{destination_uuid}", status_code=204)
async def delete_destination(destination_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    await parts.destinations.delete(tenant.domain_uuid, destination_uuid)
    parts.book.forget()


@router.get("/transfer-rules")
async def list_rules(tenant: Reader, parts: Parts) -> Rules:
    return Rules(rules=list(await parts.rules.list(tenant.domain_uuid)))


@router.post("/transfer-rules", status_code=201)
async def create_rule(draft: RuleDraft, tenant: Admin, parts: Parts) -> StoredRule:
    made = await parts.rules.create(tenant.domain_uuid, draft)
    parts.book.forget()
    return made


@router.post("/transfer-rules/try", summary="Which rule fires when a caller says this")
async def try_rules(asked: TryRequest, tenant: Reader, parts: Parts) -> TryAnswer:
    stored = [rule for rule in await parts.rules.list(tenant.domain_uuid) if rule.draft.enabled]
    match = match_rule(
        asked.text,
        tuple(rule.as_rule() for rule in stored),
        language=asked.language,
        secretary_uuid=asked.secretary_uuid,
    )
    if match is None:
        return TryAnswer(rule=None)
    return TryAnswer(rule=next(rule for rule in stored if rule.rule_uuid == match.rule.rule_uuid))


@router.get("/transfer-rules/{rule_uuid}")
async def find_rule(rule_uuid: UUID, tenant: Reader, parts: Parts) -> StoredRule:
    return await parts.rules.get(tenant.domain_uuid, rule_uuid)


@router.put("/transfer-rules/{rule_uuid}")
async def update_rule(rule_uuid: UUID, draft: RuleDraft, tenant: Admin, parts: Parts) -> StoredRule:
    stored = await parts.rules.update(tenant.domain_uuid, rule_uuid, draft)
    parts.book.forget()
    return stored


@router.delete("/transfer-rules/{rule_uuid}", status_code=204)
async def delete_rule(rule_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    await parts.rules.delete(tenant.domain_uuid, rule_uuid)
    parts.book.forget()
