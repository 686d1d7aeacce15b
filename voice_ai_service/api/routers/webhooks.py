"""Webhooks of a domain and what became of their deliveries."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from voice_ai_service.api.admission import Admin, Reader
from voice_ai_service.api.moment import Moment
from voice_ai_service.api.service import Parts
from voice_ai_service.crm.events import WebhookKind
from voice_ai_service.crm.outbox import DeliveryStatus
from voice_ai_service.crm.webhook import CreatedWebhook, Webhook, WebhookDraft

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class WebhookAnswer(BaseModel):
    webhook_uuid: UUID
    name: str
    kind: WebhookKind
    url: str
    events: list[str]
    headers: dict[str, str]
    enabled: bool
    has_token: bool


class CreatedWebhookAnswer(WebhookAnswer):
    """`secret` (`whsec_…`, Standard Webhooks) is shown this one time."""

    secret: str


class Webhooks(BaseModel):
    webhooks: list[WebhookAnswer]


class DeliveryAnswer(BaseModel):
    outbox_uuid: UUID
    webhook_uuid: UUID
    event_name: str
    event_id: str
    status: DeliveryStatus
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_status_code: int | None
    last_error: str | None


class Deliveries(BaseModel):
    deliveries: list[DeliveryAnswer]


class ReplayRequest(BaseModel):
    """Everything that died since then is sent again."""

    model_config = ConfigDict(extra="forbid")
    since: Moment


class ReplayAnswer(BaseModel):
    replayed: int


@router.get("")
async def list_webhooks(tenant: Reader, parts: Parts) -> Webhooks:
    return Webhooks(webhooks=[_answer(one) for one in await parts.webhooks.all(tenant.domain_uuid)])


@router.post("", status_code=201)
async def create(draft: WebhookDraft, tenant: Admin, parts: Parts) -> CreatedWebhookAnswer:
    return _created(await parts.webhooks.create(tenant.domain_uuid, draft))


@router.get("/deliveries", summary="Newest first")
async def deliveries(
    tenant: Reader,
    parts: Parts,
    status: DeliveryStatus | None = None,
    webhook_uuid: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Deliveries:
    found = await parts.outbox.deliveries(
        tenant.domain_uuid, status=status, webhook_uuid=webhook_uuid, limit=limit
    )
    return Deliveries(deliveries=[DeliveryAnswer.model_validate(asdict(one)) for one in found])


@router.post("/deliveries/replay", summary="Send again all that died since a moment")
async def replay_dead(asked: ReplayRequest, tenant: Admin, parts: Parts) -> ReplayAnswer:
    return ReplayAnswer(replayed=await parts.outbox.replay_dead(tenant.domain_uuid, asked.since))


@router.post("/deliveries/{outbox_uuid}/replay", status_code=202, summary="Send one delivery again")
async def replay(outbox_uuid: UUID, tenant: Admin, parts: Parts) -> ReplayAnswer:
    await parts.outbox.replay(tenant.domain_uuid, outbox_uuid)
    return ReplayAnswer(replayed=1)


@router.get("/{webhook_uuid}")
async def find(webhook_uuid: UUID, tenant: Reader, parts: Parts) -> WebhookAnswer:
    return _answer(await parts.webhooks.find(tenant.domain_uuid, webhook_uuid))


@router.put("/{webhook_uuid}")
async def update(webhook_uuid: UUID, draft: WebhookDraft, tenant: Admin, parts: Parts) -> WebhookAnswer:
    return _answer(await parts.webhooks.update(tenant.domain_uuid, webhook_uuid, draft))


@router.delete("/{webhook_uuid}", status_code=204)
async def delete(webhook_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    await parts.webhooks.delete(tenant.domain_uuid, webhook_uuid)


@router.post(
    "/{webhook_uuid}/rotate-secret", summary="A new signing secret; the old one signs beside it for a day"
)
async def rotate(webhook_uuid: UUID, tenant: Admin, parts: Parts) -> CreatedWebhookAnswer:
    return _created(await parts.webhooks.rotate_secret(tenant.domain_uuid, webhook_uuid))


def _answer(webhook: Webhook) -> WebhookAnswer:
    return WebhookAnswer.model_validate(asdict(webhook))


def _created(made: CreatedWebhook) -> CreatedWebhookAnswer:
    return CreatedWebhookAnswer.model_validate({**asdict(made.webhook), "secret": made.secret})
