"""Everything of the tenant's settings that one call needs, read together and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from voice_ai_service.calls.destinations import Destination, TransferRule
from voice_ai_service.calls.secretary import Secretary


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CallPlan:
    """Compared by identity, so that what is derived from it can be kept beside it.

    Attributes:
        secretary: The published version that the call began with.
        destinations: Those this secretary may use: its own and the domain's, its own first.
        rules: Those this secretary may use, each with a destination of `destinations`.
    """

    secretary: Secretary
    destinations: tuple[Destination, ...] = ()
    rules: tuple[TransferRule, ...] = ()

    def is_open(self, at: datetime, default_zone: str) -> bool:
        """Whether people may be rung at an instant. A secretary without hours is closed."""
        hours = self.secretary.settings.hours
        return hours is not None and hours.is_open(at, default_zone)

    def same_content(self, other: CallPlan) -> bool:
        return (
            self.secretary == other.secretary
            and self.destinations == other.destinations
            and self.rules == other.rules
        )


def plan_for(
    secretary: Secretary, destinations: tuple[Destination, ...], rules: tuple[TransferRule, ...]
) -> CallPlan:
    """Scope a domain's destinations and rules to one secretary.

    Of two destinations with one name the secretary's own wins; a rule without a destination is left out.
    """
    own = secretary.secretary_uuid
    mine = [one for one in destinations if one.secretary_uuid == own]
    mine += [one for one in destinations if one.secretary_uuid is None]
    by_name: dict[str, Destination] = {}
    for destination in mine:
        by_name.setdefault(destination.name, destination)
    usable = tuple(
        rule for rule in rules if rule.secretary_uuid in (None, own) and rule.destination in by_name
    )
    return CallPlan(secretary, tuple(by_name.values()), usable)
