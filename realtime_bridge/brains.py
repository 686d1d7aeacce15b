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
from realtime_bridge.tools.search_knowledge import SEARCH
from voice_ai_service.dialogue.toolbox import Without


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
        vendors = self.realtime is not None and bool(view.plan.secretary.settings.providers.realtime)
        # One kit for all of the call's brains: what one of them began the next one knows, and the call's end ends.
        kit = await self.tools.for_call(view.tenant, verbs, on_pbx=True, looks_up=vendors)

        def cascade() -> Brain:
            tools = Without(kit, SEARCH)  # it is given the passages in every turn
            return CascadeBrain(self.cascade, view, sample_rate_hz, options=self.options, tools=tools)

        asking = ToolRunner(kit)
        if self.realtime is None or not vendors:
            return (cascade,), asking
        makers = await self.realtime.makers(
            view.tenant.domain_uuid,
            view.plan.secretary.settings.providers.realtime,
            lambda: briefing_of(view, asking.offered, sample_rate_hz, self.cascade.clock.now()),
        )
        return (*makers, cascade), asking
