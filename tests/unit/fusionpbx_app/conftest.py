"""The app's PHP run by itself, without FusionPBX."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

APP = Path(__file__).parents[3] / "fusionpbx_app" / "voice_secretary"

RunPhp = Callable[..., Any]


@pytest.fixture(scope="session")
def php() -> str:
    found = shutil.which("php")
    if found is None:
        pytest.skip("needs php-cli 8.1 or later")
    return found


@pytest.fixture(scope="session")
def run_php(php: str) -> RunPhp:
    """Runs a script that finds its input decoded in `$input` and prints JSON; any notice is a failure."""

    def run(script: str, given: object = None) -> Any:
        head = (
            "error_reporting(E_ALL); ini_set('display_errors', 'stderr');"
            "set_error_handler(function ($no, $said, $file, $line) {"
            ' fwrite(STDERR, "$said in $file:$line\\n"); exit(9); });'
            "spl_autoload_register(function ($name) {"
            f" include {str(APP / 'resources' / 'classes')!r}.'/'.$name.'.php'; }});"
            "function escape($text) { return htmlspecialchars((string) $text, ENT_QUOTES); }"
            "$input = json_decode(stream_get_contents(STDIN), true);"
        )
        done = subprocess.run(
            [php, "-r", head + script],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
