"""`voice-ai openapi`: the API's document, without a running service."""

from __future__ import annotations

import json

import click

from voice_ai_service.app import create_app
from voice_ai_service.settings import Settings


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API.

    \b
    Example:
        voice-ai openapi > openapi.json
    """
    click.echo(json.dumps(create_app(Settings()).openapi(), ensure_ascii=False, indent=2))
