"""Vectors as vendors send them: not believed unseen, and brought to unit length."""

from __future__ import annotations

import math
from typing import Any

from voice_ai_service.providers.vendor_errors import VendorErrors


def unit_vector(values: Any, dimension: int, errors: VendorErrors) -> list[float]:
    """Raises ProviderProtocol for a vector of another dimension, or of no length.

    TypeError: It is no list of numbers.
    """
    if len(values) != dimension:
        raise errors.protocol("A vector has another dimension than configured.")
    length = math.sqrt(sum(value * value for value in values))
    if not length > 0 or not math.isfinite(length):
        raise errors.protocol("A vector has no length.")
    return [value / length for value in values]
