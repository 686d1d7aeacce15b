"""`voice-ai demo`: a whole call on this machine, from the greeting to the CRM's webhook."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import httpx

from voice_ai_service import logs
from voice_ai_service.audio.formats import PHONE_RATE_HZ
from voice_ai_service.cli.platform import say
from voice_ai_service.cli.webhook_catcher import Caught, WebhookCatcher
from voice_ai_service.errors import Unavailable
from voice_ai_service.providers.tts.embedded import EmbeddedTts
from voice_ai_service.settings import Settings
from voice_ai_service.simulated_caller.recording import stereo_wav
from voice_ai_service.simulated_caller.report import CallReport, TurnReport, call_of, turns_of
from voice_ai_service.simulated_caller.simulation import CallOutcome, Dialling, place_call
from voice_ai_service.simulated_caller.steps import Wish, steps_of

_DOMAIN: Final = "demo.local"
_READY_S: Final = 60.0
_WEBHOOK_S: Final = 15.0
_SAYINGS: Final = {
    "pt-BR": ("Qual é o endereço?", "Quanto custa a consulta?", "Quero falar com uma pessoa"),
    "en": ("What is your address?", "How much is an appointment?", "I want to talk to a person"),
}


@dataclass(frozen=True, slots=True)
class _Platform:
    url: str
    token: str
    client: httpx.Client


@click.command()
@click.option("--lang", type=click.Choice(sorted(_SAYINGS)), default="pt-BR", show_default=True)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("demo-call.wav"),
    show_default=True,
)
def demo(lang: str, data_dir: Path, record: Path) -> None:
    """A simulated caller dials extension 8000, asks two questions, asks for a person and is transferred.

    \b
    Example:
        voice-ai demo --lang en --record demo.wav

    Starts a platform of its own (embedded database, free port) and stops it afterwards.
    """
    logs.configure("warning", "text")
    began = time.monotonic()
    extension = "8000" if lang == "pt-BR" else "8001"
    with WebhookCatcher() as catcher, _running_platform(data_dir) as platform:
        domain = _prepare(platform, catcher)
        say(f"Dialling {extension} of {_DOMAIN} ...")
        outcome = asyncio.run(_call(platform, extension, lang))
        report = call_of(outcome, str(record))
        caller, secretary = outcome.line.sides()
        record.write_bytes(stereo_wav(caller.samples, secretary.samples, PHONE_RATE_HZ))
        _print_call(report, list(turns_of(outcome)))
        _print_conversation(platform, domain, report)
        caught = catcher.wait(_WEBHOOK_S)
        _print_webhook(caught)
    click.echo(
        f"\nDone in {time.monotonic() - began:.0f} s. Listen to {record}; run it for good with: voice-ai up"
    )
    if report.outcome != "transferred" or caught is None:
        sys.exit(1)


@contextmanager
def _running_platform(data_dir: Path) -> Iterator[_Platform]:
    """`voice-ai up` as users run it, in a process of its own."""
    port = _free_port()
    log_file = data_dir / "up.log"
    data_dir.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "VOICE_AI_DATA_DIR": str(data_dir),
        "VOICE_AI_PORT": str(port),
        "VOICE_AI_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
    }
    say(f"Starting the platform in {data_dir} (log: {log_file}) ...")
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "voice_ai_service", "up"], env=environment, stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10.0, trust_env=False) as client:
            _wait_until_ready(client, process, log_file)
            token = Settings(data_dir=data_dir).token_file.read_text().strip()
            client.headers["X-API-Key"] = token
            yield _Platform(str(client.base_url), token, client)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise Unavailable("The platform did not start", fix=f"Look into {log_file}; then run voice-ai doctor")


def _prepare(platform: _Platform, catcher: WebhookCatcher) -> str:
    """The demo domain's uuid, with a webhook that leads to us."""
    domains = platform.client.get("/api/v1/domains").raise_for_status().json()["domains"]
    domain_uuid = next(domain["domain_uuid"] for domain in domains if domain["domain_name"] == _DOMAIN)
    platform.client.headers["X-Domain-UUID"] = domain_uuid
    for webhook in platform.client.get("/api/v1/webhooks").raise_for_status().json()["webhooks"]:
        platform.client.delete(f"/api/v1/webhooks/{webhook['webhook_uuid']}").raise_for_status()
    created = platform.client.post(
        "/api/v1/webhooks", json={"name": "demo", "url": catcher.url}
    ).raise_for_status()
    catcher.secret = created.json()["secret"]
    return str(domain_uuid)


async def _call(platform: _Platform, extension: str, lang: str) -> CallOutcome:
    wishes = [Wish("say", text) for text in _SAYINGS[lang]]
    async with aclosing(EmbeddedTts()) as voice:
        steps = await steps_of(wishes, voice, lang)
    dialling = Dialling(
        url=platform.url,
        token=platform.token,
        extension=extension,
        domain=_DOMAIN,
        caller_number="+5511987654321",
        steps=steps,
    )
    return await asyncio.to_thread(place_call, dialling)


def _print_call(report: CallReport, turns: list[TurnReport]) -> None:
    click.echo(f"\nGreeting, {report.greeting_ms} ms after the answer:\n     secretary  {report.greeting}")
    for turn in turns:
        click.echo(f"{turn.turn:>3}  caller     {turn.heard or '(nothing)'}\n     secretary  {turn.said}")
        click.echo("     " + _split(turn.latency_ms))
    to = f" to extension {report.transferred_to}" if report.transferred_to else ""
    click.echo(f"Call over after {report.duration_ms / 1000:.1f} s: {report.outcome}{to}")


def _split(latency_ms: dict[str, float]) -> str:
    ours = ("stt", "retrieval", "llm", "tts", "other", "total")
    split = "  ".join(f"{stage} {latency_ms[stage]:.0f}" for stage in ours if stage in latency_ms)
    heard = latency_ms.get("answer")
    tail = f"   (caller's last sound to reply: {heard:.0f})" if heard is not None else ""
    return f"service ms: {split}{tail}"


def _print_conversation(platform: _Platform, domain: str, report: CallReport) -> None:
    stored: dict[str, Any] = (
        platform.client.get(f"/api/v1/conversations/{report.conversation_uuid}").raise_for_status().json()
    )
    click.echo(f"\nStored conversation {stored['conversation_uuid']} of domain {domain}:")
    click.echo(
        f"     {stored['secretary_name']}, {stored['turn_count']} turns, {stored['resolution']}"
        f" to {stored['transferred_to']}, {len(stored['messages'])} messages"
    )


def _print_webhook(caught: Caught | None) -> None:
    if caught is None:
        click.echo("\nNo webhook arrived; look at: voice-ai webhooks deliveries")
        return
    click.echo(
        f"\nDelivered webhook {caught.event_id}, signature {'good' if caught.signature_holds else 'BAD'}:"
    )
    for name, value in caught.fields.items():
        shown = f"{len(value)} messages" if isinstance(value, list) else value
        click.echo(f"     {name:<18} {shown}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
