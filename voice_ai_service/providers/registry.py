"""The providers this process knows: ours, and those that installed packages offer.

A package adds one with an entry point of the group `voice_ai.providers` that names a `ProviderEntry`. A plug-
in that cannot be loaded is logged and listed with the reason; it never stops the service.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import structlog
from pydantic import ValidationError

from voice_ai_service.errors import InvalidInput
from voice_ai_service.net.guard import CheckedUrl, check_url, resolve_public
from voice_ai_service.providers.entry import (
    Capabilities,
    ProviderContext,
    ProviderEntry,
    ProviderKind,
    ProviderSettings,
)

ENTRY_POINT_GROUP: Final = "voice_ai.providers"
_RESOLVE_TIMEOUT_S: Final = 5.0
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `voice-ai providers list`.

    Attributes:
        kind: None for a plug-in that could not be loaded.
        unavailable: Why it cannot run here, or None.
        source: `built-in`, or the entry point that brought it.
    """

    kind: ProviderKind | None
    name: str
    unavailable: str | None
    local: bool
    secret_required: bool
    capabilities: Capabilities | None
    source: str


class ProviderRegistry:
    """Filled once when the process starts; reading it is free."""

    def __init__(self, context: ProviderContext, entries: Iterable[ProviderEntry] = ()) -> None:
        self.context = context
        self._entries: dict[tuple[ProviderKind, str], ProviderEntry] = {}
        self._sources: dict[tuple[ProviderKind, str], str] = {}
        self._broken: list[Listed] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: ProviderEntry, source: str = "built-in") -> None:
        """Raises ValueError when the name is taken or malformed, or the entry is not one."""
        if not isinstance(entry, ProviderEntry):
            raise ValueError(f"{source}: a ProviderEntry is needed, not {type(entry).__name__}")
        if not _NAME.fullmatch(entry.name):
            raise ValueError(f"{source}: provider name must match {_NAME.pattern}")
        if not issubclass(entry.settings_model, ProviderSettings):
            raise ValueError(f"{source}: settings_model must be a ProviderSettings")
        key = (entry.kind, entry.name)
        if key in self._entries:
            raise ValueError(f"{source}: {entry.kind} provider {entry.name} exists already")
        self._entries[key] = entry
        self._sources[key] = source

    def load_plugins(self, found: Iterable[EntryPoint] | None = None) -> None:
        """Adds what installed packages offer; blocks on imports, so it is called before serving starts."""
        for point in entry_points(group=ENTRY_POINT_GROUP) if found is None else found:
            source = f"{point.name} ({point.value})"
            try:
                self.add(point.load(), source)
            except Exception as error:  # noqa: BLE001 - foreign code at import: any failure is that plug-in's end
                log.error("provider plug-in not loaded", plugin=point.name, error=type(error).__name__)
                log.debug("provider plug-in failure", plugin=point.name, detail=repr(error))
                reason = f"plug-in not loaded: {type(error).__name__}"
                self._broken.append(Listed(None, point.name, reason, False, False, None, source))

    def find(self, kind: ProviderKind, name: str) -> ProviderEntry | None:
        return self._entries.get((kind, name))

    def names(self, kind: ProviderKind) -> tuple[str, ...]:
        return tuple(sorted(name for its_kind, name in self._entries if its_kind is kind))

    def listing(self) -> tuple[Listed, ...]:
        """Every provider and every broken plug-in, by kind and name."""
        known = [
            Listed(
                entry.kind,
                entry.name,
                entry.available(),
                entry.local,
                entry.secret_required,
                entry.capabilities,
                self._sources[key],
            )
            for key, entry in sorted(self._entries.items())
        ]
        return (*known, *self._broken)

    def parse(self, kind: ProviderKind, name: str, settings: Mapping[str, Any]) -> ProviderSettings:
        """The row's settings as their model. Raises InvalidInput naming `name` or `settings.<field>`."""
        entry = self._known(kind, name)
        if not isinstance(settings, Mapping):
            raise InvalidInput("Settings are an object of names and values.", field="settings")
        try:
            return entry.settings_model.model_validate(dict(settings))
        except ValidationError as error:
            raise _first_fault(error, entry) from None

    async def validate(
        self, kind: ProviderKind, name: str, settings: Mapping[str, Any], secret: str | None
    ) -> ProviderSettings:
        """Asked before a row is saved.

        Raises:
            InvalidInput: `field` is `name`, `secret` or `settings.<field>`; `fix` says what is allowed.
        """
        entry = self._known(kind, name)
        if reason := entry.available():
            raise InvalidInput(f"{name} cannot run on this installation.", field="name", fix=reason)
        parsed = self.parse(kind, name, settings)
        if entry.secret_required and not (entry.keys(secret) or self.default_secret(entry, parsed)):
            raise InvalidInput(
                f"{name} needs a key.", field="secret", fix="Send the provider's API key as secret."
            )
        await self._resolve(self.check_address(parsed))
        if entry.check is not None:
            await entry.check(self.context, parsed)
        return parsed

    def default_secret(self, entry: ProviderEntry, settings: ProviderSettings) -> str | None:
        """The operator's own key for a row without one; never for an address that a tenant typed in."""
        if getattr(settings, "base_url", None) is not None:
            return None
        return self.context.default_secrets.get(entry.name)

    def check_address(self, settings: ProviderSettings) -> CheckedUrl | None:
        """Raises InvalidInput for a `settings.base_url` that leads where providers must not."""
        base_url = getattr(settings, "base_url", None)
        if base_url is None:
            return None
        return check_url(base_url, self.context.allowed_networks, field="settings.base_url")

    async def _resolve(self, url: CheckedUrl | None) -> None:
        """A name's addresses too, so that the admin hears of a wrong one at once; connections check them
        again.
        """
        if url is None or url.address is not None:
            return
        try:
            async with asyncio.timeout(_RESOLVE_TIMEOUT_S):
                await resolve_public(
                    url.host,
                    url.port,
                    self.context.allowed_networks,
                    plain=url.scheme == "http",
                    field="settings.base_url",
                )
        except (OSError, UnicodeError) as error:
            raise InvalidInput(
                "The address's name could not be resolved.",
                field="settings.base_url",
                fix="Check the name, and that this machine's DNS knows it.",
                detail=str(error),
            ) from error

    def _known(self, kind: ProviderKind, name: str) -> ProviderEntry:
        entry = self.find(kind, name)
        if entry is None:
            allowed = ", ".join(self.names(kind)) or "none"
            raise InvalidInput(f"There is no such {kind} provider.", field="name", fix=f"One of: {allowed}.")
        return entry


def _first_fault(error: ValidationError, entry: ProviderEntry) -> InvalidInput:
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    field = ".".join(("settings", *(str(part) for part in fault["loc"])))
    if fault["type"] == "extra_forbidden":
        allowed = ", ".join(sorted(entry.settings_model.model_fields))
        return InvalidInput(
            f"{entry.name} has no such setting.", field=field, fix=f"It takes: {allowed or 'no settings'}."
        )
    return InvalidInput(f"{entry.name} refuses this setting.", field=field, fix=f"{fault['msg']}.")
