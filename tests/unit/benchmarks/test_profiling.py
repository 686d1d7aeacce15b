from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import BenchmarkError
from benchmarks.profiling import part_of, shares

_MAIN = "main (/srv/voice_ai_service/cli/main.py:1)"
_TURN = "turn (/srv/voice_ai_service/turn_mode/take_turn.py:9)"


@pytest.mark.parametrize(
    ("innermost", "part"),
    [
        ("encode (/srv/voice_ai_service/audio/g711.py:3)", "audio"),
        ("loads (/usr/lib/python3.11/json/__init__.py:3)", "turn_mode"),
        ("execute (/venv/asyncpg/connection.py:3)", "database"),
        ("chat (/tmp/plugin/voice_ai_benchmark_stubs/__init__.py:3)", "stubs"),
    ],
)
def test_the_innermost_frame_of_a_part_takes_the_sample(innermost: str, part: str) -> None:
    assert part_of(f"{_MAIN};{_TURN};{innermost}") == part


def test_shares_are_of_what_came_after_the_start(tmp_path: Path) -> None:
    folded = tmp_path / "samples"
    folded.write_text(f"{_MAIN};_load (<frozen importlib._bootstrap>:1) 90\n{_MAIN} 1\n{_MAIN};{_TURN} 3\n")
    assert shares(folded) == [("turn_mode", 0.75), ("event_loop", 0.25)]


def test_a_process_that_was_not_sampled_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError):
        shares(tmp_path / "missing")
