"""What a simulated call has to tell: one line a turn, one line for the call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voice_ai_service.simulated_caller.http_wire import Exchange
from voice_ai_service.simulated_caller.line import Playout
from voice_ai_service.simulated_caller.simulation import CallOutcome


@dataclass(frozen=True, slots=True)
class TurnReport:
    """
    Attributes:
        latency_ms: The service's stages as it measured them, and what the caller noticed: `endpointing` from the
            caller's last sound to the request, `http` for the request's round trip, `answer` from the caller's
            last sound to the reply's first.
    """

    turn: int
    heard: str
    said: str
    action: str
    latency_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class CallReport:
    """
    Attributes:
        outcome: `transferred`, `caller_hangup`, `secretary_hangup`, `fallback`, `error`, `refused`, `unreachable`.
        recording: The file, when one was asked for.
        greeting_ms: From answer to the greeting's first sound.
    """

    outcome: str
    transferred_to: str | None
    conversation_uuid: str | None
    recording: str | None
    call_uuid: str
    greeting: str
    greeting_ms: int | None
    duration_ms: int
    problem: str | None = None


def turns_of(outcome: CallOutcome) -> Iterator[TurnReport]:
    for exchange in outcome.exchanges:
        if exchange.path.endswith("/turn") and exchange.status == 200:
            yield _turn(exchange, outcome)


def _turn(exchange: Exchange, outcome: CallOutcome) -> TurnReport:
    answer = exchange.answer
    latency_ms = {
        stage: round(float(ms), 1) for stage, ms in (answer.get("latency_ms") or {}).items() if ms is not None
    }
    latency_ms["http"] = round(exchange.took_ms, 1)
    spoken = [spoken.ended_ms for spoken in outcome.spoken if spoken.ended_ms <= exchange.sent_at_ms]
    replies = [playout for playout in outcome.playouts if _is_reply(playout, exchange)]
    if spoken and not exchange.request.get("no_input"):
        latency_ms["endpointing"] = exchange.sent_at_ms - spoken[-1]
        if replies:
            latency_ms["answer"] = replies[0].started_ms - spoken[-1]
    return TurnReport(
        turn=int(answer.get("turn") or 0),
        heard=str(answer.get("heard") or exchange.request.get("digits") or ""),
        said=str(answer.get("said") or ""),
        action=str((answer.get("action") or {}).get("type") or ""),
        latency_ms=latency_ms,
    )


def _is_reply(playout: Playout, exchange: Exchange) -> bool:
    return playout.started_ms >= exchange.sent_at_ms and Path(playout.file).stem != "apology"


def call_of(outcome: CallOutcome, recording: str | None = None) -> CallReport:
    set_up = _last(outcome, "/calls")
    end = _last(outcome, "/end")
    greeting = outcome.playouts[0].started_ms if outcome.playouts else None
    duration_ms = len(outcome.line.sides()[0].samples) // 16
    return CallReport(
        outcome=_outcome(outcome, set_up, end),
        transferred_to=outcome.transferred_to,
        conversation_uuid=(end.answer.get("conversation_uuid") if end and end.status == 200 else None),
        recording=recording if outcome.answered else None,
        call_uuid=str(outcome.call_uuid),
        greeting=str(set_up.answer.get("said") or "") if set_up else "",
        greeting_ms=greeting,
        duration_ms=duration_ms,
        problem=_problem(set_up),
    )


def _last(outcome: CallOutcome, path_end: str) -> Exchange | None:
    found = [exchange for exchange in outcome.exchanges if exchange.path.endswith(path_end)]
    return found[-1] if found else None


def _outcome(outcome: CallOutcome, set_up: Exchange | None, end: Exchange | None) -> str:
    if set_up is None or set_up.status == 0 or set_up.status >= 500:
        return "unreachable"
    if set_up.status != 200 or not outcome.answered:
        return "transferred" if set_up.status == 200 and outcome.transferred_to else "refused"
    if end is not None and end.request.get("reason"):
        return str(end.request["reason"])
    return "transferred" if outcome.transferred_to else f"{outcome.hung_up_by}_hangup"


def _problem(set_up: Exchange | None) -> str | None:
    """The service's own words for a call it did not take."""
    if set_up is None or set_up.status in (0, 200):
        return None
    error = set_up.answer.get("error") or {}
    words = [str(error.get(name)) for name in ("message", "fix") if error.get(name)]
    return ". ".join(words) or f"status {set_up.status}"


def as_json(report: TurnReport | CallReport) -> dict[str, Any]:
    fields = asdict(report)
    if fields.get("problem", "") is None:
        del fields["problem"]
    return fields


def as_text(report: TurnReport) -> str:
    stages = "  ".join(f"{stage} {ms:.0f}" for stage, ms in report.latency_ms.items())
    return (
        f"{report.turn:>3}  caller     {report.heard or '(nothing)'}\n"
        f"     secretary  {report.said}\n"
        f"     {report.action:<9}  ms: {stages}"
    )
