"""The `voice-ai` command. Each verb lives in a file of its own and is imported when it is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Final

import click

from voice_ai_service import __version__
from voice_ai_service.errors import VoiceAiError

_COMMANDS: Final = {
    "up": "The whole platform on this machine, embedded; Ctrl-C stops it",
    "demo": "A simulated caller dials the demo secretary",
    "call": "Dial a secretary with WAV files or texts, without a telephone",
    "serve": "The HTTP service alone, for a database that is there",
    "bridge": "The realtime bridge alone: full duplex calls over mod_audio_stream",
    "worker": "Background work alone: webhooks, abandoned calls, retention",
    "migrate": "Bring the database's schema to this version",
    "doctor": "What is missing on this machine, and what to do about it",
    "tokens": "Make, list and revoke access tokens",
    "docs": "The tenants' documents: search, evaluate",
    "webhooks": "Webhooks: add, list, deliveries, replay",
    "providers": "Speech and language engines: what can run here, test, compare",
    "secrets": "Seal and rotate the keys of providers and webhooks",
    "openapi": "Print the API's OpenAPI document",
}


class _LazyGroup(click.Group):
    """Imports a command's module on use: `voice-ai --help` must not load a web framework."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"voice_ai_service.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="voice-ai")
def cli() -> None:
    """An AI secretary that answers telephone calls.

    \b
    Start here:
        voice-ai demo      hear it work
        voice-ai up        run it
        voice-ai doctor    when something does not work
    """


def main(*args: Any, **kwargs: Any) -> None:
    """Entry point: errors of ours are one line and an exit code, not a traceback."""
    try:
        cli(*args, **kwargs)
    except VoiceAiError as error:
        where = f" ({error.field})" if error.field else ""
        click.echo(f"voice-ai: {error.message}{where}", err=True)
        if error.fix:
            click.echo(f"  {error.fix}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
