from __future__ import annotations

import socket
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.providers import ScriptedSettings, Workshop, entry
from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.entry import ProviderContext, ProviderEntry, ProviderKind
from voice_ai_service.providers.registry import ProviderRegistry

STT, LLM = ProviderKind.STT, ProviderKind.LLM

PLUGIN = """
from tests.fakes.providers import Workshop, entry
build = Workshop()
offered = entry(build, "parrot")
not_an_entry = "hello"
clash = entry(build, "scripted")
"""
ENTRY_POINTS = """
[voice_ai.providers]
parrot = {module}:offered
nonsense = {module}:not_an_entry
clash = {module}:clash
missing = {module}_gone:offered
"""


@pytest.fixture
def registry() -> ProviderRegistry:
    return ProviderRegistry(
        ProviderContext(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128"))),
        [
            entry(Workshop()),
            entry(Workshop(), "keyed", secret_required=True),
            entry(Workshop(), "elsewhere", available=lambda: "pip install voice-ai[elsewhere]"),
        ],
    )


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package as pip would have installed it: a module and a dist-info with entry points."""
    module = "voice_ai_parrot"
    (tmp_path / f"{module}.py").write_text(PLUGIN)
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS.format(module=module))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, module, raising=False)
    return module


async def test_an_installed_package_adds_a_provider_by_its_entry_point_only(
    registry: ProviderRegistry, plugin: str
) -> None:
    registry.load_plugins()
    assert registry.find(STT, "parrot") is not None
    assert isinstance(await registry.validate(STT, "parrot", {"level": 2}, None), ScriptedSettings)


def test_broken_plug_ins_are_listed_with_the_reason_and_replace_nothing(
    registry: ProviderRegistry, plugin: str
) -> None:
    ours = registry.find(STT, "scripted")
    registry.load_plugins()
    broken = {line.name: line.unavailable for line in registry.listing() if line.kind is None}
    assert broken == {
        "nonsense": "plug-in not loaded: ValueError",
        "clash": "plug-in not loaded: ValueError",
        "missing": "plug-in not loaded: ModuleNotFoundError",
    }
    assert registry.find(STT, "scripted") is ours


def test_the_listing_says_what_can_run_here(registry: ProviderRegistry) -> None:
    lines = {line.name: line for line in registry.listing()}
    assert lines["elsewhere"].unavailable == "pip install voice-ai[elsewhere]"
    assert lines["scripted"].unavailable is None
    assert lines["keyed"].secret_required
    assert {line.source for line in lines.values()} == {"built-in"}


@pytest.mark.parametrize("name", ["", "Upper", "with-dash", "1st", "x" * 41, "a/b"])
def test_names_fit_rows_and_metrics(registry: ProviderRegistry, name: str) -> None:
    with pytest.raises(ValueError, match="must match"):
        registry.add(entry(Workshop(), name))


def test_the_same_name_may_be_of_two_kinds_but_not_twice_of_one(registry: ProviderRegistry) -> None:
    registry.add(entry(Workshop(), kind=LLM))
    with pytest.raises(ValueError, match="exists already"):
        registry.add(entry(Workshop(), kind=LLM))


@pytest.mark.parametrize(
    ("name", "settings", "secret", "field", "fix"),
    [
        ("nobody", {}, None, "name", "One of: elsewhere, keyed, scripted."),
        ("elsewhere", {}, None, "name", "pip install voice-ai[elsewhere]"),
        ("keyed", {}, None, "secret", "Send the provider's API key as secret."),
        ("keyed", {}, "  ", "secret", "Send the provider's API key as secret."),
        (
            "keyed",
            {},
            "sk-one\nsk two",
            "secret",
            "Send each key on a line of its own, without spaces or accents.",
        ),
        ("scripted", {"level": 0}, None, "settings.level", "Input should be greater than or equal to 1."),
        ("scripted", {"model": 7}, None, "settings.model", "Input should be a valid string."),
        (
            "scripted",
            {"colour": 1},
            None,
            "settings.colour",
            "It takes: base_url, level, model, tiers, timeouts.",
        ),
        (
            "scripted",
            {"timeouts": {"total_s": -1}},
            None,
            "settings.timeouts.total_s",
            "Input should be greater than 0.",
        ),
    ],
)
async def test_what_is_wrong_is_named_when_it_is_saved(
    registry: ProviderRegistry, name: str, settings: dict[str, Any], secret: str | None, field: str, fix: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await registry.validate(STT, name, settings, secret)
    assert (caught.value.field, caught.value.fix) == (field, fix)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "example.com/v1",
        "http://10.0.0.1/v1",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:8000/v1",
        "https://user:pass@203.0.114.1/v1",
        "https://2130706433/",
        "http://localhost.:8000/v1",
    ],
)
async def test_addresses_that_providers_must_not_reach_are_refused(url: str) -> None:
    registry = ProviderRegistry(ProviderContext(), [entry(Workshop())])
    with pytest.raises(InvalidInput) as caught:
        await registry.validate(STT, "scripted", {"base_url": url}, None)
    assert caught.value.field == "settings.base_url"


async def test_a_name_that_nobody_knows_is_refused_when_it_is_saved(
    registry: ProviderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(InvalidInput) as caught:
        await registry.validate(STT, "scripted", {"base_url": "https://no-such-name.invalid/v1"}, None)
    assert caught.value.field == "settings.base_url"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/v1", "http://localhost:9000/v1"])
async def test_a_network_the_operator_named_may_be_reached(registry: ProviderRegistry, url: str) -> None:
    await registry.validate(STT, "scripted", {"base_url": url}, None)


async def test_several_keys_are_several_lines(registry: ProviderRegistry) -> None:
    keyed = registry.find(STT, "keyed")
    assert keyed is not None
    assert keyed.keys(" sk-one\n\nsk-two\nsk-one ") == ("sk-one", "sk-two")
    assert keyed.keys("  ") == keyed.keys(None) == ()
    await registry.validate(STT, "keyed", {}, "sk-one\nsk-two")


async def test_an_entrys_own_check_has_the_last_word() -> None:
    async def check(context: ProviderContext, settings: ScriptedSettings) -> None:
        if settings.level == 3:
            raise InvalidInput("Not that one.", field="settings.level")

    registry = ProviderRegistry(ProviderContext(), [entry(Workshop(), check=check)])
    await registry.validate(STT, "scripted", {"level": 2}, None)
    with pytest.raises(InvalidInput, match="Not that one"):
        await registry.validate(STT, "scripted", {"level": 3}, None)


def test_only_settings_of_ours_can_be_a_settings_model() -> None:
    with pytest.raises(ValueError, match="ProviderSettings"):
        ProviderRegistry(ProviderContext(), [ProviderEntry(STT, "odd", dict, Workshop())])  # type: ignore[arg-type]
