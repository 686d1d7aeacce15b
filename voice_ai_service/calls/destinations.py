"""Where a call may go: the tenant's own list, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class DestinationKind(StrEnum):
    EXTENSION = "extension"
    RING_GROUP = "ring_group"
    QUEUE = "queue"
    VOICEMAIL = "voicemail"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Destination:
    """One row of `v_voice_transfer_destinations`.

    Attributes:
        name: What callers and the model call it ("financeiro"); unique in the domain.
        aliases: Other words for it, in any language.
        number: What is dialled; digits, `*`, `#` and a leading `+` for EXTERNAL only.
    """

    destination_uuid: UUID
    name: str
    aliases: tuple[str, ...]
    kind: DestinationKind
    number: str
    secretary_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class TransferRule:
    """One row of `v_voice_transfer_rules`: when a caller's words mean a destination.

    Attributes:
        intent: A name for the admin's eyes.
        phrases: Whole words or word sequences; accents and case do not count.
        destination: The destination's name.
        priority: Lower is tried first.
        immediate: Fires before any language model is asked.
    """

    rule_uuid: UUID
    intent: str
    phrases: tuple[str, ...]
    language: str | None
    destination: str
    priority: int
    immediate: bool = False
    secretary_uuid: UUID | None = None
