"""`voice-ai call`: dial a secretary without a telephone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

import click
import httpx

from voice_ai_service import logs
from voice_ai_service.audio.formats import PHONE_RATE_HZ
from voice_ai_service.cli.streamed_call import streamed_call
from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.tts import embedded
from voice_ai_service.settings import Settings
from voice_ai_service.simulated_caller.caller import Step
from voice_ai_service.simulated_caller.http_wire import Exchange
from voice_ai_service.simulated_caller.recording import stereo_wav
from voice_ai_service.simulated_caller.report import CallReport, as_json, as_text, call_of, turns_of
from voice_ai_service.simulated_caller.simulation import CallOutcome, Dialling, place_call
from voice_ai_service.simulated_caller.steps import Wish, steps_of

DEMO_DOMAIN: Final = "demo.local"
_UNREACHABLE, _REFUSED = 3, 4
_STEP_OPTIONS: Final = ("wav", "say", "dtmf", "silence", "barge_in_at")
_ORDER: Final = "voice_ai_service.cli.call.order"


class _InOrder(click.Command):
    """Keeps the order in which the steps' options were given; click forgets it between different options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        left = {name: list(values.get(name) or ()) for name in _STEP_OPTIONS}
        names = [param.name for param in order if param.name in _STEP_OPTIONS]
        ctx.meta[_ORDER] = [Wish(name, left[name].pop(0)) for name in names]  # type: ignore[arg-type]
        return super().parse_args(ctx, args)


@click.command(cls=_InOrder)
@click.option("--mode", type=click.Choice(["turn", "realtime"]), default="turn", show_default=True,
              help="realtime: full duplex over the bridge, in real time.")  # fmt: skip
@click.option("--extension", default="8000", show_default=True, help="The number to dial.")
@click.option("--domain", default=DEMO_DOMAIN, show_default=True, help="The tenant's name or uuid.")
@click.option("--say", multiple=True, metavar="TEXT", help="Say this, after the secretary's next reply.")
@click.option("--wav", multiple=True, metavar="FILE", help="Say what is in this file.")
@click.option("--dtmf", multiple=True, metavar="KEYS", help="Press these keys: 0-9, *, #.")
@click.option(
    "--silence", multiple=True, type=click.FloatRange(0, 3600), metavar="S", help="Say nothing for so long."
)
@click.option(
    "--barge-in-at", multiple=True, type=click.IntRange(0, 600_000), metavar="MS",
    help="Do the next step so many ms into the reply, not after it.",
)  # fmt: skip
@click.option(
    "--hangup-at", type=click.FloatRange(0, 7200), metavar="S", help="Hang up so long after the answer."
)
@click.option(
    "--lang", type=click.Choice(["pt-BR", "en"]), help="Of the --say texts; guessed when not given."
)
@click.option("--noise", type=click.FloatRange(-90, -10), metavar="DBFS", help="Noise on the caller's side.")
@click.option("--url", default="http://127.0.0.1:8100", show_default=True, help="The service.")
@click.option("--token", envvar="VOICE_AI_TOKEN", help="Default: the one that `voice-ai up` left.")
@click.option("--caller-number", default="", help="Where the call seems to come from.")
@click.option("--speed", type=click.Choice(["fast", "realtime"]), default="fast", show_default=True)
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.wav",
              help="Stereo: left the caller, right the secretary.")  # fmt: skip
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a turn, then one for the call.")
@click.pass_context
def call(ctx: click.Context, /, **options: Any) -> None:
    """Dial a secretary and talk to it, without a telephone.

    Turn mode runs the Lua scripts that FreeSWITCH runs; realtime mode streams as mod_audio_stream does. Both
    against the real service. Steps are done in the order given.

    \b
    Example:
        voice-ai call --say "Qual o horário de funcionamento?" \\
                      --say "Quero falar com o financeiro" --record call.wav

    Exit codes: 0 the call took place, 2 wrong arguments, 3 no service there, 4 the call was refused.
    """
    settings = Settings()
    logs.configure(settings.log_level, "text")
    try:
        steps = asyncio.run(_prepare(ctx.meta[_ORDER], options["lang"]))
    except InvalidInput as error:
        raise click.UsageError(f"{error.field}: {error.message}. {error.fix or ''}".strip(), ctx) from error
    token = options["token"] or _token_left_by_up(settings.token_file)
    if not token:
        if not _answers(options["url"]):
            ctx.exit(_unreachable(settings, options["url"]))
        raise click.UsageError("--token: none given, and none left here by `voice-ai up`", ctx)
    dialling = Dialling(
        url=options["url"],
        token=token,
        extension=options["extension"],
        domain=options["domain"],
        caller_number=options["caller_number"],
        steps=steps,
        hang_up_at_ms=None if options["hangup_at"] is None else int(options["hangup_at"] * 1000),
        speed=options["speed"],
        noise_dbfs=options["noise"],
    )
    if options["mode"] == "realtime":
        ended, problem = streamed_call(dialling, options["record"], json_lines=options["json_lines"])
        ctx.exit(_exit_code(ended, problem, settings, options["url"]))
    outcome = place_call(dialling, observe=_tell_progress)
    report = _print(outcome, options["record"], json_lines=options["json_lines"])
    ctx.exit(_exit_code(report.outcome, report.problem, settings, options["url"]))


async def _prepare(wishes: Sequence[Wish], language: str | None) -> list[Step]:
    """Speech is made before dialling: nobody thinks up their words letter by letter on the telephone."""
    if not any(wish.kind == "say" for wish in wishes) or embedded.available() is not None:
        return await steps_of(wishes, None, language)
    async with aclosing(embedded.EmbeddedTts()) as voice:
        return await steps_of(wishes, voice, language)


def _token_left_by_up(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except OSError:
        return None


def _tell_progress(exchange: Exchange) -> None:
    what = exchange.path.rsplit("/", 1)[-1]
    if what in ("calls", "turn", "end"):
        click.echo(
            f"{exchange.sent_at_ms / 1000:7.2f} s  {what:<5}  status {exchange.status}  {exchange.took_ms:.0f} ms",
            err=True,
        )


def _print(outcome: CallOutcome, record: Path | None, *, json_lines: bool) -> CallReport:
    if record is not None and outcome.answered:
        caller, secretary = outcome.line.sides()
        record.write_bytes(stereo_wav(caller.samples, secretary.samples, PHONE_RATE_HZ))
    report = call_of(outcome, str(record) if record else None)
    for turn in turns_of(outcome):
        click.echo(json.dumps(as_json(turn), ensure_ascii=False) if json_lines else as_text(turn))
    click.echo(json.dumps(as_json(report), ensure_ascii=False) if json_lines else _summary(report))
    return report


def _summary(report: CallReport) -> str:
    to = f" to {report.transferred_to}" if report.transferred_to else ""
    lines = [f"Call over after {report.duration_ms / 1000:.1f} s: {report.outcome}{to}"]
    if report.conversation_uuid:
        lines.append(f"Conversation {report.conversation_uuid}")
    if report.recording:
        lines.append(f"Recording {report.recording}")
    return "\n".join(lines)


def _exit_code(outcome: str, problem: str | None, settings: Settings, url: str) -> int:
    if outcome == "unreachable":
        return _unreachable(settings, url)
    if outcome == "refused":
        click.echo(f"The call was refused. {problem or ''}".rstrip(), err=True)
        return _REFUSED
    return 0


def _unreachable(settings: Settings, url: str) -> int:
    click.echo(f"No service answers at {url}.", err=True)
    if settings.database_url is None:
        click.echo("Start it with: voice-ai up", err=True)
    return _UNREACHABLE


def _answers(url: str) -> bool:
    try:
        httpx.get(f"{url.rstrip('/')}/health", timeout=2.0, trust_env=False)
    except (httpx.TransportError, httpx.InvalidURL):
        return False
    return True
