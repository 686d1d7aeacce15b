"""Which brains a secretary's calls may have, in order, and the tools that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from realtime_bridge.providers.cascade import CascadeBrain
from realtime_bridge.providers.cascade_parts import CascadeOptions, CascadeParts
from realtime_bridge.providers.seam import Brain
from realtime_bridge.session.parts import CallVerbs, MakeBrain
from realtime_bridge.session.view import CallView
from realtime_bridge.tools.kit import CallTools
from realtime_bridge.tools.runner import ToolRunner


@dataclass(frozen=True, slots=True)
class Brains:
    """A `session.parts.BrainSource`."""

    cascade: CascadeParts
    tools: CallTools
    options: CascadeOptions = field(default_factory=CascadeOptions)

    async def in_order(
        self, view: CallView, sample_rate_hz: int, verbs: CallVerbs
    ) -> tuple[Sequence[MakeBrain], ToolRunner]:
        """As the protocol says."""
        kit = await self.tools.for_call(view.tenant, verbs, on_pbx=True, looks_up=False)

        def cascade() -> Brain:
            return CascadeBrain(self.cascade, view, sample_rate_hz, options=self.options, tools=kit)

        return (cascade,), ToolRunner(kit)
