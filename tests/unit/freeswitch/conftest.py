"""The shipped Lua modules, in the Lua that FreeSWITCH has."""

from __future__ import annotations

from typing import Any

import pytest

from voice_ai_service.simulated_caller.lua import SCRIPTS_DIR, new_runtime


class Lua:
    """A Lua 5.2 state that finds the scripts. Strings are bytes."""

    def __init__(self) -> None:
        self.runtime = new_runtime()
        self.runtime.execute(f'package.path = "{SCRIPTS_DIR}/?.lua"'.encode())

    def module(self, name: str) -> Any:
        return self.runtime.eval(f'require "app.voice_secretary.resources.{name}"'.encode())

    def function(self, source: str) -> Any:
        return self.runtime.eval(source.encode())


@pytest.fixture(scope="module")
def lua() -> Lua:
    pytest.importorskip("lupa", reason="the Lua runtime is not installed (extra: embedded)")
    return Lua()
