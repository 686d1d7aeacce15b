"""Secretaries, destinations and rules as the admin sees them: what the repositories take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from voice_ai_service.calls.destinations import Destination, DestinationKind, TransferRule
from voice_ai_service.calls.secretary import Extension, Language, Mode, SecretarySettings, ShortText
from voice_ai_service.text.words import words

Description = Annotated[str, StringConstraints(max_length=1000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _sayable(value: str) -> str:
    if not words(value):
        raise ValueError("needs a word that can be said")
    return value


class SecretaryDraft(_Frozen):
    """What is being edited; it answers calls only after it was published."""

    name: ShortText
    extension: Extension
    mode: Mode = Mode.TURN
    enabled: bool = True
    description: Description = ""
    settings: SecretarySettings = SecretarySettings()


class StoredSecretary(_Frozen):
    """
    Attributes:
        published_version: None: never published, does not answer.
    """

    secretary_uuid: UUID
    domain_uuid: UUID
    draft: SecretaryDraft
    published_version: int | None
    created_at: datetime | None
    updated_at: datetime | None


class SecretaryVersion(_Frozen):
    version: int
    note: str
    published_at: datetime | None


class DestinationDraft(_Frozen):
    """
    Attributes:
        secretary_uuid: The only secretary that may use it; None: all of the domain's.
        order: Lower is offered first.
    """

    name: ShortText
    aliases: tuple[ShortText, ...] = Field((), max_length=20)
    kind: DestinationKind = DestinationKind.EXTENSION
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    secretary_uuid: UUID | None = None
    order: int = Field(100, ge=0, le=100_000)
    enabled: bool = True
    description: Description = ""

    @field_validator("name")
    @classmethod
    def _name_is_sayable(cls, value: str) -> str:
        return _sayable(value)

    @field_validator("aliases")
    @classmethod
    def _aliases_are_sayable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_sayable(alias) for alias in value)


class StoredDestination(_Frozen):
    destination_uuid: UUID
    draft: DestinationDraft

    def as_destination(self) -> Destination:
        return Destination(
            destination_uuid=self.destination_uuid,
            name=self.draft.name,
            aliases=self.draft.aliases,
            kind=self.draft.kind,
            number=self.draft.number,
            secretary_uuid=self.draft.secretary_uuid,
        )


class RuleDraft(_Frozen):
    """
    Attributes:
        destination_uuid: Where the caller goes.
        language: None: any.
        priority: Lower is tried first among phrases of one length.
        immediate: Fires before any language model is asked.
    """

    intent: ShortText
    phrases: tuple[ShortText, ...] = Field(min_length=1, max_length=100)
    destination_uuid: UUID
    language: Language | None = None
    priority: int = Field(100, ge=0, le=100_000)
    immediate: bool = False
    secretary_uuid: UUID | None = None
    enabled: bool = True

    @field_validator("phrases")
    @classmethod
    def _phrases_are_sayable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_sayable(phrase) for phrase in value)


class StoredRule(_Frozen):
    """`destination` is its name."""

    rule_uuid: UUID
    destination: str
    draft: RuleDraft

    def as_rule(self) -> TransferRule:
        return TransferRule(
            rule_uuid=self.rule_uuid,
            intent=self.draft.intent,
            phrases=self.draft.phrases,
            language=self.draft.language,
            destination=self.destination,
            priority=self.draft.priority,
            immediate=self.draft.immediate,
            secretary_uuid=self.draft.secretary_uuid,
        )
