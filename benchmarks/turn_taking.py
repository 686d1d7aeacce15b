"""`python -m benchmarks.turn_taking`: how well turns are taken, on made-up callers, the same for every setting.

What it cannot tell is how people sound: see docs/realtime.md, "Taking turns". The exit code is 1 when something
could not be measured; a target that was missed is told.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

import click
import numpy as np

from benchmarks import turn_taking_echo as echo
from benchmarks.figures import BenchmarkError, Figure, as_table, percentile
from benchmarks.turn_taking_set import Labelled, Noise, labelled_set
from benchmarks.turn_taking_trial import Judge, Outcome, heard
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.end_of_turn import find_model
from realtime_bridge.turn.end_of_turn_worker import EndOfTurn
from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.calls.secretary import Sensitivity, TurnTaking
from voice_ai_service.errors import VoiceAiError

_QUIET = (Noise("hiss"), Noise("white", 20))
_NOISY = (Noise("white", 12), Noise("babble", 20), Noise("babble", 12))
_LOUDER_DB = (0.0, 6.0)
_COST_FRAMES = 1500


@click.command(context_settings={"show_default": True})
@click.option("--json", "as_json", is_flag=True, help="One object a figure, as they are measured.")
@click.option("--echo-seconds", default=300, help="Length of each conversation with an echo.")
@click.option(
    "--end-silence-ms", default=TurnTaking().end_silence_ms, help="The setting of both ways to end."
)
def main(as_json: bool, echo_seconds: int, end_silence_ms: int) -> None:
    """Measure onsets, ends of turns with and without the model, echo, and what a frame costs."""
    figures: list[Figure] = []
    try:
        for figure in _measured(echo_seconds, end_silence_ms):
            figures.append(figure)
            if as_json:
                click.echo(figure.as_json())
    except (BenchmarkError, VoiceAiError) as error:
        click.echo(f"not measured: {error}", err=True)
        sys.exit(1)
    if not as_json:
        click.echo(as_table(figures))


def _measured(echo_seconds: int, end_silence_ms: int) -> Iterator[Figure]:
    # Every second one, for time's sake. Gates and thresholds were chosen with all of them in view.
    callers = [one for one in asyncio.run(labelled_set()) if one.index % 2 == 1]
    judge = _model()
    for language, (name, noises) in product(("pt-BR", "en"), (("quiet", _QUIET), ("noisy", _NOISY))):
        some = [one for one in callers if one.language == language and one.noise in noises]
        yield from _turns(f"turns.{language}.{name}.vad", some, None, end_silence_ms)
        if judge is not None and name == "quiet":
            yield from _turns(f"turns.{language}.{name}.model", some, judge, end_silence_ms)
    yield from _onsets(callers)
    yield from _echoes(asyncio.run(echo.voices()), echo_seconds)


def _model() -> Judge | None:
    file = find_model()
    if file is None:
        click.echo("the end-of-turn model is not installed: figures without it", err=True)
        return None
    model = EndOfTurn(file)

    @lru_cache(maxsize=4096)
    def judged(utterance: bytes) -> float:
        return model.complete(PcmAudio(utterance, PHONE_RATE_HZ))

    return judged


def _turns(
    name: str, callers: Sequence[Labelled], judge: Judge | None, end_silence_ms: int
) -> Iterator[Figure]:
    settings = TurnTaking(end_silence_ms=end_silence_ms)
    outcomes = [heard(Ear(settings, PHONE_RATE_HZ, language=one.language), one, judge) for one in callers]
    note = f"{len(outcomes)} callers, end silence {end_silence_ms} ms"
    pauses = sum(len(one.parts_ms) - 1 for one in callers)
    cut_off = sum(one.cut_off > 0 for one in outcomes)
    yield Figure(f"{name}.cut_off", 100 * cut_off / len(outcomes), "%", note=f"{note}, {pauses} pauses")
    ends = [one.end_delay_ms for one in outcomes if one.end_delay_ms is not None]
    yield Figure(f"{name}.end_delay_mean", sum(ends) / max(len(ends), 1), "ms")
    yield Figure(f"{name}.end_delay_p50", percentile(ends, 0.5), "ms")
    yield Figure(f"{name}.end_delay_p95", percentile(ends, 0.95), "ms")
    yield Figure(f"{name}.no_end", 100 * (1 - len(ends) / len(outcomes)), "%", note="within 4 s")
    if judge is not None:
        yield Figure(f"{name}.auc", _auc(outcomes), "", better="higher", note="0.5 is guessing, 1 is knowing")


def _auc(outcomes: Sequence[Outcome]) -> float:
    verdicts = [verdict for one in outcomes for verdict in one.verdicts]
    done = np.array([complete for complete, is_done in verdicts if is_done])
    not_done = np.array([complete for complete, is_done in verdicts if not is_done])
    return float(np.mean(done[:, None] > not_done[None, :]))


def _onsets(callers: Sequence[Labelled]) -> Iterator[Figure]:
    for sensitivity, (name, noises) in product(Sensitivity, (("quiet", _QUIET), ("noisy", _NOISY))):
        some = [one for one in callers if one.noise in noises]
        settings = TurnTaking(sensitivity=sensitivity)
        outcomes = [heard(Ear(settings, PHONE_RATE_HZ), one) for one in some]
        delays = [one.onset_delay_ms for one in outcomes if one.onset_delay_ms and not one.false_onset]
        target = 160.0 if (sensitivity, name) == (Sensitivity.NORMAL, "quiet") else None
        yield Figure(f"onset.{sensitivity}.{name}.p50", percentile(delays, 0.5), "ms")
        yield Figure(f"onset.{sensitivity}.{name}.p95", percentile(delays, 0.95), "ms", target)
        false = 100 * sum(one.false_onset for one in outcomes) / len(outcomes)
        yield Figure(f"onset.{sensitivity}.{name}.before_speech", false, "%", note="onsets in noise alone")


def _echoes(voices: echo.Voices, seconds: int) -> Iterator[Figure]:
    lines = [echo.Line(delay_ms, gain_db) for delay_ms, gain_db in product(echo.DELAYS_MS, echo.GAINS_DB)]
    found = sum(echo.self_interruptions(line, voices, seconds) for line in lines)
    note = f"{len(lines)} lines of {seconds} s, 100-300 ms, -6 to -25 dB"
    yield Figure("echo.self_interruptions", found, "", 0.0, note=note)
    for louder_db in _LOUDER_DB:
        delays = [one for line in lines for one in echo.interruption_delays(line, voices, louder_db, 8)]
        yield from _interruptions(f"echo.caller_{louder_db:+.0f}dB", delays)
    silent = [echo.Line(delay_ms, echo.NO_ECHO_DB) for delay_ms in echo.DELAYS_MS]
    delays = [one for line in silent for one in echo.interruption_delays(line, voices, 0.0, 8)]
    yield from _interruptions("echo.none", delays)
    yield Figure("cost.nothing_played", _cost_us(voices, None), "us/frame", 20.0)
    yield Figure("cost.playing_no_echo", _cost_us(voices, echo.NO_ECHO_DB), "us/frame", 60.0)
    yield Figure(
        "cost.playing_echo", _cost_us(voices, -12.0), "us/frame", 60.0, note="20 for the ear, 40 for it"
    )


def _interruptions(name: str, delays: Sequence[int | None]) -> Iterator[Figure]:
    in_time = [one for one in delays if one is not None]
    note = f"{len(delays)} callers over the secretary's voice"
    share = 100 * sum(one <= 400 for one in in_time) / len(delays)
    yield Figure(f"{name}.within_400ms", share, "%", 90.0, better="higher", note=note)
    yield Figure(f"{name}.onset_p50", percentile(in_time, 0.5), "ms")
    yield Figure(f"{name}.onset_p95", percentile(in_time, 0.95), "ms")


def _cost_us(voices: echo.Voices, gain_db: float | None) -> float:
    """The best of five runs over 30 s, ear and echo together."""
    played = echo.talking(voices, 30)
    heard_line = echo.returned(echo.Line(160, gain_db if gain_db is not None else echo.NO_ECHO_DB), played)
    reference = played.astype("<i2").tobytes()
    frames = [
        (heard_line[at : at + 320], reference[at : at + 320]) for at in range(0, 320 * _COST_FRAMES, 320)
    ]
    runs = []
    for _ in range(5):
        ear, began = Ear(TurnTaking(), PHONE_RATE_HZ), time.perf_counter()
        for frame, left in frames:
            ear.hear(frame, None if gain_db is None else left)
        runs.append((time.perf_counter() - began) / len(frames) * 1e6)
    return min(runs)


if __name__ == "__main__":
    main()
