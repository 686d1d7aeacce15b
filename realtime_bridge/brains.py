"""Which brains a secretary's calls may have, in order, and the tools that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from realtime_bridge.providers.briefing import briefing_of
from realtime_bridge.providers.cascade import CascadeBrain
from realtime_bridge.providers.cascade_parts import CascadeOptions, CascadeParts
from realtime_bridge.providers.realtime_brains import RealtimeBrains
from realtime_bridge.providers.seam import Brain
from realtime_bridge.session.parts import CallVerbs, MakeBrain
from realtime_bridge.session.view import CallView
from realtime_bridge.tools.kit import CallTools
from realtime_bridge.tools.runner import ToolRunner


@dataclass(frozen=True, slots=True)
class Brains:
    """A `session.parts.BrainSource`.

    Attributes:
        realtime: Speech-to-speech models, where a secretary chose some; the cascade stands behind them.
    """

    cascade: CascadeParts
    tools: CallTools
    options: CascadeOptions = field(default_factory=CascadeOptions)
    realtime: RealtimeBrains | None = None

    async def in_order(
        self, view: CallView, sample_rate_hz: int, verbs: CallVerbs
    ) -> tuple[Sequence[MakeBrain], ToolRunner]:
        """As the protocol says."""
        kit = await self.tools.for_call(view.tenant, verbs, on_pbx=True, looks_up=False)

        def cascade() -> Brain:
            return CascadeBrain(self.cascade, view, sample_rate_hz, options=self.options, tools=kit)

        if self.realtime is None or not view.plan.secretary.settings.providers.realtime:
            return (cascade,), ToolRunner(kit)
        asking = ToolRunner(await self.tools.for_call(view.tenant, verbs, on_pbx=True, looks_up=True))
        makers = await self.realtime.makers(
            view.tenant.domain_uuid,
            view.plan.secretary.settings.providers.realtime,
            lambda: briefing_of(view, asking.offered, sample_rate_hz, self.cascade.clock.now()),
        )
        return (*makers, cascade), asking
