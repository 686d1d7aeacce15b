"""Access tokens of a domain. A token's text is shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from voice_ai_service.api.admission import Admin
from voice_ai_service.api.moment import Moment
from voice_ai_service.api.service import Parts
from voice_ai_service.tenancy.tenant import Scope

router = APIRouter(prefix="/tokens", tags=["tokens"])


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: Moment | None = None


class TokenAnswer(BaseModel):
    """`hint` is the token's last four characters."""

    token_uuid: UUID
    name: str
    hint: str
    scopes: list[Scope]
    enabled: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    made_at: datetime


class IssuedTokenAnswer(BaseModel):
    token_uuid: UUID
    token: str


class TokenList(BaseModel):
    tokens: list[TokenAnswer]


@router.get("")
async def list_tokens(tenant: Admin, parts: Parts) -> TokenList:
    return TokenList(
        tokens=[
            TokenAnswer(
                token_uuid=row.token_uuid,
                name=row.name,
                hint=row.hint,
                scopes=sorted(row.scopes),
                enabled=row.enabled,
                expires_at=row.expires_at,
                last_used_at=row.last_used_at,
                made_at=row.made_at,
            )
            for row in await parts.tokens.list(tenant.domain_uuid)
        ]
    )


@router.post("", status_code=201, summary="A token for this domain; its text is shown this one time")
async def create(asked: TokenRequest, tenant: Admin, parts: Parts) -> IssuedTokenAnswer:
    issued = await parts.tokens.create(
        tenant.domain_uuid, name=asked.name, scopes=asked.scopes, expires_at=asked.expires_at
    )
    return IssuedTokenAnswer(token_uuid=issued.token_uuid, token=issued.text)


@router.delete("/{token_uuid}", status_code=204, summary="The token stops working within seconds")
async def revoke(token_uuid: UUID, tenant: Admin, parts: Parts) -> None:
    parts.door.forget(await parts.tokens.revoke(tenant.domain_uuid, token_uuid))
