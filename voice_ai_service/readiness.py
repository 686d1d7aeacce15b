"""Whether this process can do its work, and what is missing if not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from voice_ai_service.errors import VoiceAiError

_TIMEOUT_S: Final = 3.0

Check = Callable[[], Awaitable[None]]
"""Raises a VoiceAiError when what it looks at is not there."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Attributes:
        required: Without it the process is not ready; otherwise it works with less.
        problem: None when all is well.
        fix: What to do.
    """

    name: str
    required: bool
    problem: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """
    Attributes:
        required, optional: Checks by name.
    """

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)

    async def examine(self) -> tuple[Finding, ...]:
        """Runs all checks at once, each with a short time-out."""
        named = [(name, check, True) for name, check in self.required.items()]
        named += [(name, check, False) for name, check in self.optional.items()]
        return tuple(
            await asyncio.gather(*(_run(name, check, required=required) for name, check, required in named))
        )


def is_ready(findings: tuple[Finding, ...]) -> bool:
    return all(finding.problem is None or not finding.required for finding in findings)


async def _run(name: str, check: Check, *, required: bool) -> Finding:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await check()
    except VoiceAiError as error:
        return Finding(name, required, error.message, error.fix)
    except TimeoutError:
        return Finding(name, required, f"no answer within {_TIMEOUT_S:.0f} s")
    return Finding(name, required)
