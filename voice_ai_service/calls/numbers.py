"""Telephone numbers: E.164 where a number can be normalised, and what may be dialled for a destination. Pure."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

from voice_ai_service.calls.destinations import DestinationKind
from voice_ai_service.errors import InvalidInput

_EXTENSION: Final = re.compile(r"[0-9*#]{1,20}")
_DIALLED: Final = re.compile(r"[^0-9*#+]")
_MAX_CALLER_NUMBER: Final = 32
_COSTLY: Final = frozenset(
    (
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
    )
)


def caller_number(raw: str, region: str) -> str:
    """A caller's number as stored: E.164 where it is a valid number of the region or abroad, else as dialled.

    Args:
        raw: The number as the PBX presents it; whatever a caller's network put there.
        region: ISO 3166 alpha-2 for numbers without a country code.

    Returns:
        Digits, `*`, `#` and a leading `+` only, at most 32; empty for a withheld number.
    """
    normalised = e164(raw, region)
    if normalised is not None:
        return normalised
    cleaned = _DIALLED.sub("", raw)
    lead = "+" if cleaned.startswith("+") else ""
    return (lead + cleaned.replace("+", ""))[:_MAX_CALLER_NUMBER] if re.search(r"[0-9]", cleaned) else ""


def e164(raw: str, region: str) -> str | None:
    """E.164 (ITU-T), or None when this is no valid number: an extension, a short code, a withheld number."""
    try:
        number = phonenumbers.parse(raw[:64], region.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or number.extension:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def extension(raw: str, *, field: str) -> str:
    """An extension as it is dialled inside the domain.

    Raises:
        InvalidInput: Something else than 1 to 20 of `0-9*#`.
    """
    stripped = raw.strip()
    if not _EXTENSION.fullmatch(stripped):
        raise InvalidInput(
            "This is not an extension", field=field, fix="Use 1 to 20 of the digits 0-9, * and #"
        )
    return stripped


def destination_number(kind: DestinationKind, raw: str, *, region: str, field: str) -> str:
    """What is dialled for a destination: an extension, or E.164 for an external one.

    Raises:
        InvalidInput: The wrong form, or an external number whose calls cost more than a call (premium rate).
    """
    if kind is not DestinationKind.EXTERNAL:
        return extension(raw, field=field)
    normalised = e164(raw, region)
    if normalised is None:
        raise InvalidInput(
            "This is not a telephone number that can be dialled",
            field=field,
            fix="Give it with its country code, such as +55 11 3333 4444",
        )
    if phonenumbers.number_type(phonenumbers.parse(normalised, None)) in _COSTLY:
        raise InvalidInput(
            "Numbers at premium rates are not dialled", field=field, fix="Use an ordinary number"
        )
    return normalised
