from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.db import queries
from voice_ai_service.db.queries import Queries, QueryFileError

TWO = """
-- What this file is for.

-- name: first
-- why it is so
SELECT 1
FROM t;

-- name: second
SELECT ';' -- name: not_a_name
"""


def test_statements_by_name() -> None:
    found = queries.parse(TWO)
    assert list(found) == ["first", "second"]
    assert found["first"] == "-- why it is so\nSELECT 1\nFROM t"
    assert found["second"] == "SELECT ';' -- name: not_a_name"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;\n-- name: a\nSELECT 1", "before the first"),
        ("-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "stands twice"),
        ("-- name: a\n-- only a comment\n-- name: b\nSELECT 1", "has no statement"),
        ("-- name: a", "has no statement"),
        ("-- name: not-a-name\nSELECT 1", "not a name"),
        ("-- name: _by_name\nSELECT 1", "not a name"),
        ("-- name: 1st\nSELECT 1", "not a name"),
    ],
)
def test_a_file_that_says_nothing_clear_fails_at_load(text: str, message: str) -> None:
    with pytest.raises(QueryFileError, match=message):
        queries.parse(text, "broken.sql")


def test_a_statement_may_bear_any_name_but_only_one() -> None:
    assert queries.parse("-- name: end_of_file\nSELECT 1") == {"end_of_file": "SELECT 1"}


def test_attribute_and_key(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: one\nSELECT 1;\n")
    (tmp_path / "b.sql").write_text("-- name: two\nSELECT 2;\n")
    loaded = queries.load(tmp_path)
    assert (loaded.one, loaded["two"], sorted(loaded), len(loaded)) == (
        "SELECT 1",
        "SELECT 2",
        ["one", "two"],
        2,
    )
    assert queries.load(tmp_path / "a.sql").one == queries.load(tmp_path, "a.sql").one == "SELECT 1"
    assert "two" not in queries.load(tmp_path, "a.sql")
    with pytest.raises(AttributeError, match="known: one, two"):
        _ = loaded.three
    with pytest.raises(KeyError):
        _ = loaded["three"]
    with pytest.raises(AttributeError, match="frozen"):
        loaded.one = "DROP TABLE t"


def test_a_name_in_two_files_of_one_load(tmp_path: Path) -> None:
    for file in ("a.sql", "b.sql"):
        (tmp_path / file).write_text("-- name: one\nSELECT 1;\n")
    with pytest.raises(QueryFileError, match=r"b\.sql.*another file"):
        queries.load(tmp_path)


def test_nothing_to_load(tmp_path: Path) -> None:
    for source in (tmp_path, "voice_ai_service.audio"):
        with pytest.raises(QueryFileError):
            queries.load(source)


def test_a_package() -> None:
    assert queries.load("voice_ai_service.tenancy", "tokens.sql").find.startswith("SELECT voice_token_uuid")


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(str.isidentifier),
        st.from_regex(r"SELECT [a-z$0-9 ,=']{1,40}[a-z0-9]", fullmatch=True),
        min_size=1,
        max_size=6,
    )
)
def test_what_was_written_is_read(statements: dict[str, str]) -> None:
    text = "".join(f"-- name: {name}\n{statement};\n\n" for name, statement in statements.items())
    loaded = Queries(queries.parse(text))
    assert {name: loaded[name] for name in loaded} == statements


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = queries.parse(text)
    except QueryFileError:
        return
    assert all(name.isidentifier() and statement for name, statement in found.items())
