"""Tests of sockets on both event loops: the platform runs on uvloop, whose transports are other code."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs the coroutine to its end on each loop in turn; fixtures and parameters as usual, async fixtures not."""

    @functools.wraps(test)
    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], **arguments: Any) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(test(**arguments))

    own = inspect.signature(test)
    loop = inspect.Parameter("new_loop", inspect.Parameter.KEYWORD_ONLY)
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), loop], return_annotation=None
    )
    parametrized: Callable[..., None] = pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])(
        run
    )
    return parametrized
