"""From a row of `v_voice_providers` to what a chain can ask. Nothing is built before the first request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from uuid import UUID

from voice_ai_service.errors import InvalidInput, ProviderRefused, VoiceAiError
from voice_ai_service.providers.breaker import Breaker, BreakerPolicy
from voice_ai_service.providers.entry import Closing, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.fallback import Link
from voice_ai_service.providers.instances import Instance
from voice_ai_service.providers.llm.prompted_tools import with_tools
from voice_ai_service.providers.llm.seam import ChatModel
from voice_ai_service.providers.probing import Prober
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.tenancy.tenant import Tier


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """An enabled row of `v_voice_providers`.

    Attributes:
        sealed_secret: As stored; None for a provider without a key. Several keys, one a line, are tried in
            turn.
        priority: Lower is asked first.
    """

    provider_uuid: UUID
    name: str
    label: str
    settings: Mapping[str, Any]
    sealed_secret: str | None = field(default=None, repr=False)
    priority: int = 100


class SecretOpener(Protocol):
    def open(self, sealed: str) -> str:
        """The secret in clear text. Raises a VoiceAiError when no key of ours opens it."""
        ...


Links = tuple[Link[Any], ...]


class LinkBuilder:
    def __init__(
        self, registry: ProviderRegistry, sealer: SecretOpener, policy: BreakerPolicy, prober: Prober
    ) -> None:
        self._prober = prober
        self._registry = registry
        self._sealer = sealer
        self._policy = policy

    def key(self, kind: ProviderKind, row: ProviderRow) -> str:
        """Equal for rows that may share instances: the same revision of a row, or the same settings of a
        local engine.
        """
        entry = self._registry.find(kind, row.name)
        local = entry is not None and entry.local
        owner = "" if local else str(row.provider_uuid)
        secret = None if local else row.sealed_secret
        # Who may use an engine of this machine does not make it another engine.
        settings = {name: value for name, value in row.settings.items() if not (local and name == "tiers")}
        content = json.dumps([kind.value, row.name, owner, settings, secret], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    def links(self, kind: ProviderKind, row: ProviderRow) -> Links:
        """One a key of the row's secret. A row that cannot work gives a link that refuses, so that it is
        seen.
        """
        try:
            entry, settings = self._checked(kind, row)
            secrets = self._secrets(entry, settings, row)
        except VoiceAiError as error:
            return (self._refusing(row.name, error),)
        revision = self.key(kind, row)
        return tuple(self.link(entry, settings, secret, revision) for secret in secrets)

    def tiers(self, kind: ProviderKind, row: ProviderRow) -> frozenset[Tier]:
        """Of which domains; empty for all, and for a row that cannot work: it must be seen to fail."""
        try:
            return self._registry.parse(kind, row.name, row.settings).tiers
        except VoiceAiError:
            return frozenset()

    def embedded(self, kind: ProviderKind, name: str) -> Link[Any] | None:
        """The engine that needs no row, with its default settings; None where it cannot run."""
        entry = self._registry.find(kind, name)
        if entry is None or entry.available() is not None:
            return None
        return self.link(entry, entry.settings_model(), None, "")

    def link(
        self, entry: ProviderEntry, settings: ProviderSettings, secret: str | None, revision: str
    ) -> Link[Any]:
        async def build() -> Closing:
            # Again at use: the row may be older than the policy.
            try:
                self._registry.check_address(settings)
                built = await entry.build(self._registry.context, settings, secret)
            except InvalidInput as error:
                raise _refusal(entry.name, error) from error
            if entry.kind is ProviderKind.LLM:
                return with_tools(cast(ChatModel, built), entry.name)
            return built

        link: Link[Any] = Link(
            name=entry.name,
            model=getattr(settings, "model", None),
            instance=Instance(entry.name, build),
            breaker=Breaker(self._registry.context.clock, self._policy),
            timeouts=settings.timeouts,
            revision=revision,
            local=entry.local,
        )
        self._prober.attach(entry.kind, link)
        return link

    def _checked(self, kind: ProviderKind, row: ProviderRow) -> tuple[ProviderEntry, ProviderSettings]:
        settings = self._registry.parse(kind, row.name, row.settings)
        entry = self._registry.find(kind, row.name)
        if entry is None:
            raise InvalidInput("There is no such provider.", field="name")
        if reason := entry.available():
            raise InvalidInput(f"{row.name} cannot run on this installation.", field="name", fix=reason)
        return entry, settings

    def _secrets(
        self, entry: ProviderEntry, settings: ProviderSettings, row: ProviderRow
    ) -> tuple[str | None, ...]:
        if entry.local:
            return (None,)
        if row.sealed_secret and (keys := entry.keys(self._sealer.open(row.sealed_secret))):
            return keys
        own = self._registry.default_secret(entry, settings)
        if entry.secret_required and not own:
            raise InvalidInput(f"{entry.name} needs a key.", field="secret")
        return (own,)

    def _refusing(self, name: str, error: VoiceAiError) -> Link[Any]:
        async def refuse() -> Closing:
            raise _refusal(name, error)

        return Link(
            name=name,
            model=None,
            instance=Instance(name, refuse),
            breaker=Breaker(self._registry.context.clock, self._policy),
        )


def _refusal(name: str, error: VoiceAiError) -> ProviderRefused:
    return ProviderRefused(
        f"The provider {name} cannot be used as it is configured.",
        provider=name,
        field=error.field,
        fix=error.fix,
        detail=error.message,
    )
