"""Lua 5.2 as mod_lua starts it: one state per script, strings are bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from voice_ai_service.errors import Unavailable

SCRIPTS_DIR: Final = Path(__file__).resolve().parents[2] / "freeswitch" / "scripts"

Method = Callable[..., Any]


def new_runtime() -> Any:
    """Raises Unavailable when the Lua runtime is not installed."""
    try:
        from lupa import lua52  # heavy, and an extra
    except ImportError as error:
        raise Unavailable(
            "The Lua runtime is not installed", fix="Install the extra: pip install 'voice-ai[embedded]'"
        ) from error
    return lua52.LuaRuntime(encoding=None, register_eval=False, register_builtins=False)


def lua_object(runtime: Any, methods: Mapping[str, Method]) -> Any:
    """A table whose functions are called with a colon; the functions do not see the table itself."""
    table = runtime.table()
    for name, method in methods.items():
        table[name.encode()] = _without_self(method)
    return table


def _without_self(method: Method) -> Method:
    def call(_self: object, *arguments: Any) -> Any:
        return method(*arguments)

    return call


def run_script(runtime: Any, path: str, arguments: list[bytes]) -> None:
    """mod_lua's way: `argv` with the script's name at 0, then the file. Raises lupa.LuaError."""
    argv = runtime.table()
    argv[0] = path.encode()
    for index, argument in enumerate(arguments, 1):
        argv[index] = argument
    runtime.globals()[b"argv"] = argv
    load = runtime.eval(b"function(path) return assert(loadfile(path))() end")
    load(path.encode())


def text(value: Any) -> str:
    """What FreeSWITCH makes of an argument: numbers and booleans become text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
