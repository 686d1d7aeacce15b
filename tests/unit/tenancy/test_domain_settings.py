from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import structlog.testing
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.tenancy.domains import CATEGORY_OF, MAX_PRONUNCIATIONS, TenantSettings, as_tenant
from voice_ai_service.tenancy.tenant import Tenant, Tier
from voice_ai_service.text.ear.spoken import for_the_ear

DOMAIN = uuid4()
PLAIN = Tenant(DOMAIN, "a.example")


def row(category: str, name: str, value: Any) -> dict[str, Any]:
    return {"setting_category": category, "setting_name": name, "setting_value": value}


def test_no_setting_is_the_default() -> None:
    assert as_tenant(DOMAIN, "a.example", []) == PLAIN


def test_settings_are_taken_over() -> None:
    tenant = as_tenant(
        DOMAIN,
        "a.example",
        [
            row("tenant", "tier", "premium"),
            row("tenant", "time_zone", "Europe/Lisbon"),
            row("tenant", "country", "PT"),
            row("limits", "max_concurrent_calls", 2),
            row("limits", "monthly_budget_cents", 5000),
            row("limits", "requests_per_minute", 60),
            row("limits", "max_upload_bytes", 4096),
        ],
    )
    assert (tenant.tier, tenant.time_zone, tenant.country) == (Tier.PREMIUM, "Europe/Lisbon", "PT")
    limits = tenant.limits
    assert (limits.max_concurrent_calls, limits.monthly_budget_cents) == (2, 5000)
    assert (limits.requests_per_minute, limits.max_upload_bytes) == (60, 4096)


@pytest.mark.parametrize(
    ("category", "name", "value"),
    [
        ("limits", "max_concurrent_calls", "many"),
        ("limits", "max_concurrent_calls", -1),
        ("limits", "max_concurrent_calls", True),
        ("limits", "requests_per_minute", 0),
        ("limits", "requests_per_minute", 1.5),
        ("limits", "max_upload_bytes", 10**12),
        ("limits", "monthly_budget_cents", {}),
        ("tenant", "tier", "gold"),
        ("tenant", "time_zone", "America/Atlantis"),
        ("tenant", "country", "Brasil"),
        ("speech", "pronunciations", ["XPTO"]),
        ("speech", "pronunciations", {"pt-BR": {"XPTO": "<break/>"}}),
        ("speech", "pronunciations", {"pt-BR": {"XPTO": "xis\npê"}}),
        ("speech", "pronunciations", {"pt-BR": {"XPTO": ""}}),
        ("speech", "pronunciations", {"pt-BR": {"...": "ponto"}}),
        ("speech", "pronunciations", {"pt-BR": {"X" * 61: "xis"}}),
        ("speech", "pronunciations", {"pt-BR": {"XPTO": "x" * 201}}),
        ("speech", "pronunciations", {"português": {"XPTO": "xis"}}),
        ("speech", "pronunciations", {"*": {f"word{at}": "x" for at in range(MAX_PRONUNCIATIONS + 1)}}),
    ],
)
def test_a_wrong_setting_neither_lifts_a_limit_nor_stops_the_domain(
    category: str, name: str, value: Any
) -> None:
    with structlog.testing.capture_logs() as logs:
        assert as_tenant(DOMAIN, "a.example", [row(category, name, value)]) == PLAIN
    assert [entry["setting"] for entry in logs] == [name]


def test_the_right_name_in_the_wrong_category_is_not_it() -> None:
    assert as_tenant(DOMAIN, "a.example", [row("tenant", "max_concurrent_calls", 99)]) == PLAIN


def test_a_budget_may_be_lifted() -> None:
    assert (
        as_tenant(DOMAIN, "a.example", [row("limits", "monthly_budget_cents", None)]).limits == PLAIN.limits
    )


@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from(["tenant", "limits"]),
            st.sampled_from(sorted(CATEGORY_OF)),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
                ),
                max_leaves=4,
            ),
        ),
        max_size=6,
    )
)
def test_any_value_gives_a_tenant_within_bounds(rows: list[dict[str, Any]]) -> None:
    tenant = as_tenant(DOMAIN, "a.example", rows)
    assert 1 <= tenant.limits.requests_per_minute <= 1_000_000
    assert 0 <= tenant.limits.max_concurrent_calls <= 100_000
    assert set(CATEGORY_OF) == set(TenantSettings.model_fields)


def test_a_domains_own_words_are_taken_over() -> None:
    words = {"pt-BR": {" XPTO ": "xis pê tê ó"}, "*": {"Acme": "áquime"}}
    tenant = as_tenant(DOMAIN, "a.example", [row("speech", "pronunciations", words)])
    assert for_the_ear("A acme e a XPTO.", "pt-BR", tenant.pronunciations.for_language("pt-BR")) == (
        "A áquime e a xis pê tê ó."
    )
    assert tenant.pronunciations.revision
    assert not PLAIN.pronunciations.revision
