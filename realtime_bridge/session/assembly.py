"""A call put together from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_bridge.leg import Leg, WayBack
from realtime_bridge.playout.playout import Playout
from realtime_bridge.playout.scheduler import Scheduler
from realtime_bridge.session.afterwards import Afterwards
from realtime_bridge.session.announcer import Announcer
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.call import Call
from realtime_bridge.session.exchange import Exchange
from realtime_bridge.session.fillers import Fillers
from realtime_bridge.session.hearing import Hearing
from realtime_bridge.session.keypad import Keypad
from realtime_bridge.session.live import CallFacts, Live
from realtime_bridge.session.mouth import Mouth
from realtime_bridge.session.observer import CallObserver, Observers, SocketObserver
from realtime_bridge.session.parts import SessionParts
from realtime_bridge.session.playout_watch import PlayoutWatch
from realtime_bridge.session.scope import CallScope
from realtime_bridge.session.state import Phases
from realtime_bridge.session.tool_calls import ToolCalls
from realtime_bridge.session.turn_book import TurnBook
from realtime_bridge.turn.barge_in import BargeIn
from realtime_bridge.turn.ear import Ear
from realtime_bridge.turn.idle import IdlePolicy
from voice_ai_service.dialogue.call_state import CallState


def assemble(
    facts: CallFacts,
    state: CallState,
    parts: SessionParts,
    *,
    leg: Leg,
    way: WayBack,
    scheduler: Scheduler,
    observers: Sequence[CallObserver] = (),
    turned_away: bool = False,
) -> Call:
    """Nothing runs before `Call.run`. The way is opened before and closed after by whoever made it."""
    watch = PlayoutWatch(parts.figures)
    playout = Playout(way, leg.format, scheduler, watch)
    scope = CallScope()
    mouth = watch.mouth = Mouth(playout, leg.format, scope)
    told = observers if facts.on_pbx else (*observers, SocketObserver(leg))
    observer = Observers(told)
    phases = Phases(observer.on_phase, strict=parts.options.strict)
    live = Live(
        facts=facts,
        parts=parts,
        leg=leg,
        playout=playout,
        book=TurnBook(state, parts.clock.now),
        phases=phases,
        scope=scope,
        mouth=mouth,
        observer=observer,
    )
    line, announcer = BrainLine(live), Announcer(live)
    fillers = Fillers(live, announcer)
    tools = ToolCalls(live, line, announcer, fillers)
    exchange = Exchange(live, line, announcer, tools, fillers)
    records = parts.tapes is not None and facts.plan.secretary.settings.record_calls and not turned_away
    tape = parts.tapes.tape(state, leg.format.sample_rate_hz) if records and parts.tapes is not None else None
    call = Call(
        live,
        line=line,
        announcer=announcer,
        exchange=exchange,
        tools=tools,
        tape=tape,
        turned_away=turned_away,
    )
    secretary = facts.plan.secretary
    settings, limits = secretary.settings, secretary.settings.limits
    hearing = Hearing(
        live,
        line,
        exchange,
        call,
        ear=Ear(
            settings.turn_taking,
            leg.format.sample_rate_hz,
            language=secretary.language,
            max_utterance_ms=limits.max_utterance_s * 1000,
        ),
        barge_in=BargeIn(settings.turn_taking, partials=False),
        idle=IdlePolicy(no_input_ms=limits.no_input_s * 1000, max_no_input=limits.max_no_input),
        keypad=Keypad(parts.options.key_gap_ms, settings.dtmf),
        tape=tape,
    )
    afterwards = Afterwards(live, line, tools, hearing, call)
    exchange.attend(hearing, afterwards)
    mouth.attend(afterwards)
    phases.on_fault = call.failed
    call.attend(hearing)
    return call
