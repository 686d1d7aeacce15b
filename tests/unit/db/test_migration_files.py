from __future__ import annotations

from pathlib import Path

import pytest

from voice_ai_service import errors
from voice_ai_service.db import migrate


def test_numbers_have_no_gap_and_each_has_a_way_back() -> None:
    known = migrate.known()
    assert [m.version for m in known] == list(range(1, len(known) + 1))
    for migration in known:
        assert migration.down_sql.strip()


def test_every_table_of_the_second_goes_with_it() -> None:
    second = migrate.known()[1]
    made = {line.split()[5] for line in second.up_sql.splitlines() if line.startswith("CREATE TABLE")}
    dropped = {
        line.split()[4].rstrip(";") for line in second.down_sql.splitlines() if line.startswith("DROP TABLE")
    }
    assert made == dropped
    assert len(made) == 16


def test_line_ends_do_not_change_the_checksum(tmp_path: Path) -> None:
    unix, windows = tmp_path / "0001_a.up.sql", tmp_path / "0002_a.up.sql"
    unix.write_bytes(b"SELECT 1;\nSELECT 2;\n")
    windows.write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    first, second = migrate.known(tmp_path)
    assert first.checksum == second.checksum
    unix.write_bytes(b"SELECT 1;\nSELECT 3;\n")
    assert migrate.known(tmp_path)[0].checksum != second.checksum


def test_two_with_one_number_and_a_name_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "0001_a.up.sql").touch()
    (tmp_path / "0001_b.up.sql").touch()
    with pytest.raises(errors.Conflict, match="two migrations"):
        migrate.known(tmp_path)
    (tmp_path / "0001_b.up.sql").rename(tmp_path / "2-b.up.sql")
    with pytest.raises(errors.Conflict, match="not named like"):
        migrate.known(tmp_path)


def test_no_way_back(tmp_path: Path) -> None:
    (tmp_path / "0001_a.up.sql").touch()
    with pytest.raises(errors.NotFound, match=r"0001_a\.down\.sql"):
        _ = migrate.known(tmp_path)[0].down_sql
