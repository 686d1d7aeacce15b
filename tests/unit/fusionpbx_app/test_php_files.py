"""Every PHP file parses, and every text of the pages is there in both languages."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.unit.fusionpbx_app.conftest import APP, RunPhp

FILES = sorted(APP.rglob("*.php"))
OF_FUSIONPBX = re.compile(
    r"button-(add|back|continue|copy|delete|download|export|save|search|show_all|toggle|upload)"
    r"|label-(ascending|date|descending|description|domain|enabled|false|number|order|search|status|true)"
    r"|message-(add|copy|delete|invalid_token|required|toggle|update)|option-(true|false)"
)
"""Texts that FusionPBX's own resources/app_languages.php has."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_it_parses(path: object, php: str) -> None:
    done = subprocess.run([php, "-l", str(path)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def texts(run_php: RunPhp) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = run_php(
        f"include {str(APP / 'app_languages.php')!r}; echo json_encode($text);"
    )
    return found


def test_each_text_is_there_in_both_languages(texts: dict[str, dict[str, str]]) -> None:
    assert len(texts) > 300
    assert [key for key, by in texts.items() if set(by) != {"en-us", "pt-br"} or not all(by.values())] == []


def test_pages_use_no_text_that_is_missing(texts: dict[str, dict[str, str]]) -> None:
    used = {
        key
        for path in FILES
        if path.name != "app_languages.php"
        for key in re.findall(r"text\['([a-z0-9_-]+)'\]", path.read_text())
    }
    assert len(used) > 200
    assert sorted(key for key in used if key not in texts and not OF_FUSIONPBX.fullmatch(key)) == []


def test_pages_ask_who_is_there_before_anything_else() -> None:
    for page in APP.glob("voice_*.php"):
        source = page.read_text()
        assert 0 < source.index("check_auth.php") < source.index("voice_page::require_permission("), page.name
        if "$_POST" in source:
            assert "require_genuine(" in source or "is_genuine(" in source, page.name


def test_nothing_posted_is_put_into_sql() -> None:
    for path in FILES:
        for line in path.read_text().splitlines():
            if re.search(r"\$sql\w* \.?= ", line):
                assert "$_" not in line, f"{path.name}: {line.strip()}"
