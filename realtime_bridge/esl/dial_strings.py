"""Destinations as FreeSWITCH dials them. The one place where a dial string is made.

An extension is called at its registered contact (`user/<number>@<domain>`): a call to the PBX itself would go round in
a circle. Everything else is the dial plan's to know (queues, ring groups, voicemail, trunks), so it is called through
it: `loopback/<number>/<context>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime_bridge.call_control import RingRequest
from realtime_bridge.esl import grammar
from voice_ai_service.calls.destinations import Destination, DestinationKind

PARKED = "&park()"
PARKED_AT_MOST_S = 120
"""A leg that nobody connects or ends, because its bridge was killed, ends itself. Longer than any briefing."""
INHERITED = ("domain_uuid", "domain_name", "user_context", "toll_allow", "accountcode", "hold_music")
"""Of the caller's channel: what a FusionPBX dial plan reads of the one that dials."""


@dataclass(frozen=True, slots=True)
class CallersChannel:
    """What a new leg takes from the caller's.

    Attributes:
        context: Of the dial plan.
        inherited: Channel variables of `INHERITED`, those that are set.
    """

    context: str
    inherited: Mapping[str, str] = field(default_factory=dict)


def dial_string(destination: Destination, domain_name: str, context: str) -> str:
    """Without variables.

    Raises:
        InvalidInput: a number, domain or context outside the grammar.
    """
    number = grammar.number(destination.number)
    if destination.kind is DestinationKind.EXTENSION:
        return f"user/{number}@{grammar.domain(domain_name)}"
    return f"loopback/{number}/{grammar.context(context)}"


def originate(request: RingRequest, caller: CallersChannel) -> str:
    """The whole `originate` command. The leg is parked when it answers.

    Raises:
        InvalidInput.
    """
    dialled = dial_string(request.destination, request.domain_name, caller.context)
    return f"originate {{{_block(_variables(request, caller))}}}{dialled} {PARKED}"


def _variables(request: RingRequest, caller: CallersChannel) -> dict[str, str]:
    if not 1 <= request.ring_s <= 300:
        raise ValueError("ring_s is 1 to 300 seconds")
    variables = {
        "origination_uuid": grammar.channel(request.channel_uuid),
        "originate_timeout": str(request.ring_s),
        "call_timeout": str(request.ring_s),
        "origination_caller_id_number": grammar.shown_number(request.caller_number),
        "origination_caller_id_name": grammar.shown_name(request.caller_name),
        "voice_secretary_for": grammar.channel(request.for_channel),
        "ignore_early_media": "true",
        "hangup_after_bridge": "true",
        "park_timeout": str(PARKED_AT_MOST_S),
        # The secretary speaks to who answers; a parked leg sends nothing by itself.
        "send_silence_when_idle": "-1",
        "playback_terminators": "none",
        # Two names for one call while it lasts: a loopback that steps out would take its uuid with it.
        "loopback_bowout": "false",
    }
    inherited = {name: caller.inherited[name] for name in INHERITED if caller.inherited.get(name)}
    variables |= {
        grammar.variable_name(name): grammar.variable_value(value) for name, value in inherited.items()
    }
    if inherited:
        variables["loopback_export"] = ",".join(inherited)
    return {name: value for name, value in variables.items() if value}


def _block(variables: Mapping[str, str]) -> str:
    """Quoted where a comma or a space would end the value; no value that got here holds a quote."""
    return ",".join(
        f"{name}='{value}'" if "," in value or " " in value else f"{name}={value}"
        for name, value in variables.items()
    )


def contact_question(destination: Destination, domain_name: str) -> str | None:
    """The command that tells how a user's telephones are reached; None for what only the dial plan knows."""
    if destination.kind is not DestinationKind.EXTENSION:
        return None
    return f"sofia_contact */{grammar.number(destination.number)}@{grammar.domain(domain_name)}"


def dial_string_question(destination: Destination, domain_name: str) -> str:
    """FusionPBX writes do-not-disturb and call forwarding into the user's own dial string."""
    user = f"{grammar.number(destination.number)}@{grammar.domain(domain_name)}"
    return f"user_data {user} param dial-string"
