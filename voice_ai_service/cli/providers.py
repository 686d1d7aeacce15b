"""`voice-ai providers`: what could be configured here, and how well what is configured works."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from typing import Any

import click

from voice_ai_service.cli.provider_trials import compare, test_providers
from voice_ai_service.providers.catalogue import load_registry
from voice_ai_service.providers.entry import ProviderContext


@click.group()
def providers() -> None:
    """Speech and language engines."""


providers.add_command(test_providers)
providers.add_command(compare)


@providers.command("list")
@click.option("--json", "as_json", is_flag=True, help="A list of objects with kind, name and capabilities.")
def list_providers(as_json: bool) -> None:
    """Every engine and whether it can run on this machine.

    \b
    Example:
        voice-ai providers list --json
    """
    listing = load_registry(ProviderContext()).listing()
    if as_json:
        rows = [
            {
                "kind": entry.kind.value if entry.kind else None,
                "name": entry.name,
                "can_run": entry.unavailable is None,
                "unavailable": entry.unavailable,
                "local": entry.local,
                "secret_required": entry.secret_required,
                "capabilities": _plain(entry.capabilities),
                "source": entry.source,
            }
            for entry in listing
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for entry in listing:
        kind = entry.kind.value if entry.kind else "?"
        click.echo(f"{kind:<11} {entry.name:<20} {entry.unavailable or 'can run'}")


def _plain(value: Any) -> Any:
    if not is_dataclass(value) or isinstance(value, type):
        return None
    return {
        name: sorted(item) if isinstance(item, frozenset) else item for name, item in asdict(value).items()
    }
