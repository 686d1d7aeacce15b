"""`voice-ai call --mode realtime`: the call over the bridge's socket, and what it prints."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from voice_ai_service.audio.formats import PHONE_RATE_HZ
from voice_ai_service.simulated_caller.recording import stereo_wav
from voice_ai_service.simulated_caller.simulation import Dialling
from voice_ai_service.simulated_caller.streamed import StreamedOutcome, place_streamed_call

_OUTCOMES = {
    "caller": "caller_hangup",
    "secretary": "secretary_hangup",
    "transfer": "transferred",
    "lost": "error",
}


def streamed_call(dialling: Dialling, record: Path | None, *, json_lines: bool) -> tuple[str, str | None]:
    """Places the call and prints it; the outcome's name and the problem, if any."""
    outcome = asyncio.run(place_streamed_call(dialling, None if json_lines else _tell))
    if record is not None and outcome.ended_by is not None:
        record.write_bytes(stereo_wav(outcome.caller_samples, outcome.secretary_samples, PHONE_RATE_HZ))
    if json_lines:
        for message in outcome.messages:
            if message.get("type") == "turn":
                click.echo(json.dumps(message, ensure_ascii=False))
    report = _report(outcome, record)
    click.echo(json.dumps(report, ensure_ascii=False) if json_lines else _summary(report))
    return str(report["outcome"]), outcome.problem


def _report(outcome: StreamedOutcome, record: Path | None) -> dict[str, Any]:
    report: dict[str, Any] = {
        "outcome": _outcome(outcome),
        "transferred_to": outcome.transferred_to,
        "conversation_uuid": outcome.conversation_uuid,
        "recording": str(record) if record is not None and outcome.ended_by is not None else None,
        "call_uuid": outcome.set_up.get("call_uuid"),
        "greeting_ms": outcome.greeting_ms,
        "duration_ms": outcome.duration_ms,
    }
    return report if outcome.problem is None else {**report, "problem": outcome.problem}


def _outcome(outcome: StreamedOutcome) -> str:
    if outcome.ended_by is not None:
        return _OUTCOMES[outcome.ended_by]
    return "unreachable" if outcome.status == 0 or outcome.status >= 500 else "refused"


def _tell(message: Mapping[str, Any]) -> None:
    """As it happens: who speaks, and how long each answer took."""
    at = f"{message['at_ms'] / 1000:7.2f} s"
    match message.get("type"):
        case "transcript" if message.get("final") and message.get("text"):
            click.echo(f"{at}  {message['speaker']:<9}  {message['text']}")
        case "turn" if message.get("latency_ms"):
            stages = "  ".join(f"{stage} {ms:.0f}" for stage, ms in message["latency_ms"].items())
            heard = f"{message.get('heard_ms')} of {message.get('audio_ms')} ms heard"
            click.echo(f"{at}  turn {message['turn']:<4}  {heard}; ms: {stages}")
        case "transfer":
            click.echo(f"{at}  transfer   {message.get('name')}")


def _summary(report: Mapping[str, Any]) -> str:
    to = f" to {report['transferred_to']}" if report["transferred_to"] else ""
    lines = [f"Call over after {report['duration_ms'] / 1000:.1f} s: {report['outcome']}{to}"]
    for label, key in (("Conversation", "conversation_uuid"), ("Recording", "recording")):
        if report[key]:
            lines.append(f"{label} {report[key]}")
    return "\n".join(lines)
