"""app_config.php and migrations/ declare the same tables: whichever runs first, the other finds its own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.fusionpbx_app.conftest import APP, RunPhp

MIGRATIONS = Path(__file__).parents[3] / "migrations"
SERVICE_ONLY = {"v_voice_document_jobs", "v_voice_stream_tickets"}
"""Made after row-level security was laid over all tables (0006), by migrations that lay it themselves: FusionPBX must
not make them before."""
VECTORS = {("v_voice_chunks", "embedding"), ("v_voice_messages", "embedding")}
"""Of a type that the database may not have; added by 0005."""
AUDIT = {"insert_date", "insert_user", "update_date", "update_user"}

Tables = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def migrated() -> Tables:
    tables: Tables = {}
    for path in sorted(MIGRATIONS.glob("*.up.sql")):
        sql = re.sub(r"--[^\n]*", "", path.read_text())
        for table, key in re.findall(
            r"CREATE TABLE IF NOT EXISTS (v_voice_\w+) \((\w+) uuid PRIMARY KEY\)", sql
        ):
            tables[table] = {key: "uuid"}
        for table, added in re.findall(
            r"ALTER TABLE (v_voice_\w+)\s+((?:ADD COLUMN IF NOT EXISTS \w+ \w+,?\s*)+);", sql
        ):
            for column, kind in re.findall(r"EXISTS (\w+) (\w+)", added):
                assert column not in tables[table], f"{path.name} adds {table}.{column} again"
                tables[table][column] = kind
    return tables


@pytest.fixture(scope="module")
def app(run_php: RunPhp) -> dict[str, object]:
    config: dict[str, object] = run_php(
        f"$x = 0; include {str(APP / 'app_config.php')!r}; include {str(APP / 'app_menu.php')!r};"
        "echo json_encode($apps[0]);"
    )
    return config


def declared_fields(app: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    return [(table["table"]["name"], field) for table in app["db"] for field in table["fields"]]  # type: ignore[attr-defined]


def test_the_same_tables_columns_and_types(migrated: Tables, app: dict[str, object]) -> None:
    declared: Tables = {}
    for table, field in declared_fields(app):
        kind = field["type"]
        declared.setdefault(table, {})[str(field["name"])] = (
            kind["pgsql"] if isinstance(kind, dict) else str(kind)
        )
    expected = {table: columns for table, columns in migrated.items() if table not in SERVICE_ONLY}
    assert len(expected) >= 16
    assert declared == expected


def test_vectors_and_the_services_own_tables_are_not_declared(app: dict[str, object]) -> None:
    found = {(table, field["name"]) for table, field in declared_fields(app)}
    assert not found & VECTORS
    assert not {table for table, _ in found} & SERVICE_ONLY


def test_each_column_has_one_owner(app: dict[str, object]) -> None:
    counted = Counter((table, field["name"]) for table, field in declared_fields(app))
    assert [column for column, times in counted.items() if times > 1] == []


def test_each_table_has_its_key_its_domain_and_the_audit_columns(app: dict[str, object]) -> None:
    for table in app["db"]:  # type: ignore[attr-defined]
        fields = {field["name"]: field for field in table["fields"]}
        keys = [name for name, field in fields.items() if field.get("key", {}).get("type") == "primary"]
        assert len(keys) == 1
        assert fields["domain_uuid"]["key"]["reference"]["table"] == "v_domains"
        assert fields.keys() >= AUDIT
        assert not any("default" in field for field in fields.values()), (
            "FusionPBX ignores defaults in silence"
        )


def test_what_is_saved_by_fusionpbx_has_its_permissions(app: dict[str, object]) -> None:
    names = [one["name"] for one in app["permissions"]]  # type: ignore[attr-defined]
    assert len(names) == len(set(names))
    for table in ("voice_secretary", "voice_transfer_destination", "voice_transfer_rule", "voice_setting"):
        assert {f"{table}_add", f"{table}_edit"} <= set(names)
    groups = {one["name"]: one["groups"] for one in app["permissions"]}  # type: ignore[attr-defined]
    assert [name for name, held in groups.items() if name.endswith("_all") and held != ["superadmin"]] == []
    shown = {one["menu"]["uuid"] for one in app["permissions"] if "menu" in one}  # type: ignore[attr-defined]
    assert shown == {item["uuid"] for item in app["menu"]}  # type: ignore[attr-defined]
