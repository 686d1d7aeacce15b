"""The answers of one call: which is a guess, which waits for its moment, which is being spoken.

At most one guess lives. What the caller has finished saying stands in order; the first of it may begin to be heard
when nothing else is being said and the caller does not speak. What is said before the answer began belongs to the
same turn and is answered together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from itertools import count
from typing import Any, Final, TypeVar

import structlog

from realtime_bridge.providers.cascade_answer import Answer
from realtime_bridge.providers.cascade_attempt import Attempt
from realtime_bridge.providers.cascade_chains import CallChains
from realtime_bridge.providers.cascade_events import Changes, EventQueue, Outlet
from realtime_bridge.providers.cascade_hearing import Hearing, Listen, known
from realtime_bridge.providers.cascade_parts import NAME, CascadeOptions, CascadeParts, Guess
from realtime_bridge.providers.cascade_waits import Waits
from realtime_bridge.providers.cascade_writer import Writer
from realtime_bridge.providers.seam import BrainFailed, CallerSaid, ReplyBegan
from realtime_bridge.session.view import CallView
from realtime_bridge.turn.words import Backchannels
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.turn import ToolBox
from voice_ai_service.errors import ProviderError

_NOISE_MS: Final = 700
"""Speech without words that is shorter is a noise; a longer one is asked to be said again."""
_NOISE_OF_COMMANDS_MS: Final = 300
"""The same for a recogniser that only knows commands: it has no words for most of what is said."""

T = TypeVar("T")

log = structlog.get_logger()


class Turns:
    def __init__(
        self,
        parts: CascadeParts,
        call: CallView,
        chains: CallChains,
        queue: EventQueue,
        *,
        options: CascadeOptions,
        tools: ToolBox | None,
        most_bytes: int,
    ) -> None:
        self._parts = parts
        self._call = call
        self._chains = chains
        self._queue = queue
        self._options = options
        self._most_bytes = most_bytes
        self._numbers = count(1)
        self._guess: Attempt | None = None
        self._asked: list[Attempt] = []
        self._speaking: Attempt | None = None
        self._unheard: dict[str, Attempt] = {}
        self._backchannels = Backchannels(call.plan.secretary.settings.turn_taking.backchannels)
        self._held_until: float | None = None
        self._on_hold = False
        self._changes = Changes()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waits = Waits(queue, options)
        self._writer = Writer(parts, call, chains, tools, on_tool=self._waits.tool_runs)

    # -- what the caller does -------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Something is to be answered, or is being said."""
        return bool(self._asked or self._guess or self._speaking)

    @property
    def guess(self) -> Attempt | None:
        return self._guess

    def begin_guess(self, listen: Listen, hearing: Hearing | None = None) -> None:
        """`hearing`: a partial transcript that is known already."""
        attempt = self._new(listen)
        attempt.hearing = hearing
        self._guess = attempt
        self._start(attempt)

    def drop_guess(self, outcome: Guess) -> None:
        guess, self._guess = self._guess, None
        if guess is not None:
            self._throw_away(guess, outcome)

    def keep_guess(self, speech_ms: int) -> None:
        """The utterance ended where the guess thought it would."""
        guess, self._guess = self._guess, None
        assert guess is not None  # noqa: S101
        self._parts.observer.on_guess(Guess.KEPT)
        self._ask(guess, speech_ms)
        if guess.hearing is not None and not self._accept(guess):
            guess.cancel()

    def ask(self, listen: Listen, speech_ms: int = 0) -> None:
        """Something to answer. A guess that lives is compared with what was heard in the end."""
        attempt = self._new(listen)
        attempt.rival, self._guess = self._guess, None
        self._ask(attempt, speech_ms)
        self._start(attempt)

    def caller_speaks(self, speaks: bool) -> None:
        """An answer that was not begun waits for a caller who speaks again, for a while."""
        now = asyncio.get_running_loop().time()
        if speaks:
            self._held_until = now + self._options.hold_back_ms / 1000
            self._waits.later(self._options.hold_back_ms, self.advance)
        else:
            self._held_until = None
            self.advance()

    def hold(self, on: bool) -> None:
        self._on_hold = on
        self.advance()

    # -- what the session tells of replies ------------------------------------------------------------------

    def heard(self, reply_id: str) -> None:
        self._unheard.pop(reply_id, None)
        self._changes.notify()

    def interrupted(self, reply_id: str) -> None:
        self._unheard.pop(reply_id, None)
        self._queue.forget(reply_id)
        speaking = self._speaking
        if speaking is not None and speaking.reply_id == reply_id:
            self._speaking = None
            speaking.cancel()
            self._queue.put(speaking.finished())
        # What was begun on the belief that all of it was heard is begun again.
        for attempt in [*self._asked, *([self._guess] if self._guess else [])]:
            if attempt.moments.answering is not None and attempt.repeatable:
                self._again(attempt)
        self._changes.notify()
        self.advance()

    async def aclose(self) -> None:
        if self._guess is not None:
            self.drop_guess(Guess.DROPPED)
        self._waits.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one attempt ----------------------------------------------------------------------------------------

    async def _run(self, attempt: Attempt) -> None:
        try:
            attempt.hearing = await attempt.listen()
            if await self._understood(attempt, attempt.hearing):
                await self._answer(attempt)
        except ProviderError as error:
            self._fail(attempt, error.code, error.provider)
        except Exception as error:
            log.error("an answer failed", call_uuid=str(self._call.state.call_uuid), exc_info=error)
            self._fail(attempt, "internal", NAME)

    async def _understood(self, attempt: Attempt, hearing: Hearing) -> bool:
        """Whether it is to be answered."""
        if attempt.moments.heard is None:
            attempt.moments.heard = self._now()
        self._changes.notify()
        if not attempt.ended:
            if hearing.failed is not None:
                self.drop_guess(Guess.FAILED)
                return False
            if hearing.text and hearing.provider is not None:
                self._queue.put(CallerSaid(hearing.transcript, final=False))
        await self._changes.until(lambda: all(one.hearing is not None for one in self._before(attempt)))
        if attempt.ended and not attempt.accepted and not self._accept(attempt):
            return False
        if not hearing.says_something:
            await attempt.confirmed.wait()
        return True

    def _accept(self, attempt: Attempt) -> bool:
        """The caller has finished and what was said is known. False: nothing is to be answered by this attempt."""
        hearing = attempt.hearing
        assert hearing is not None  # noqa: S101
        rival, attempt.rival = attempt.rival, None
        if rival is not None:
            if rival.hearing is not None and rival.hearing.agrees(hearing):
                self._parts.observer.on_guess(Guess.KEPT)
                self._take_place(attempt, rival, hearing)
                return False
            self._throw_away(rival, Guess.DISAGREED)
        if self._only_listens(hearing):
            hearing = attempt.hearing = replace(hearing, heard=replace(hearing.heard, text=""))
        if hearing.provider is not None:
            self._queue.put(CallerSaid(hearing.transcript, final=True))
        if not self._worth_answering(attempt, hearing):
            attempt.over = True
            self._asked.remove(attempt)
            self.advance()
            return False
        earlier = [one for one in self._before(attempt) if one.repeatable]
        together = hearing.after(earlier[-1].turn_hearing if earlier else None)
        for one in earlier:
            self._asked.remove(one)
            one.cancel()
        attempt.keep(self._now())
        before, attempt.turn_hearing = attempt.turn_hearing, together
        if attempt.moments.answering is not None and before is not None and not before.agrees(together):
            self._again(attempt)
        else:
            self.advance()
        return True

    def _take_place(self, attempt: Attempt, rival: Attempt, hearing: Hearing) -> None:
        """A guess on a partial transcript was right: it answers, in the place of what waited for the final one."""
        self._asked[self._asked.index(attempt)] = rival
        attempt.over = True
        rival.moments.ended, rival.moments.final = attempt.moments.ended, self._now()
        rival.speech_ms = attempt.speech_ms
        rival.hearing = hearing
        self._waits.watch(rival)
        self._accept(rival)

    async def _answer(self, attempt: Attempt) -> None:
        hearing = attempt.hearing
        assert hearing is not None  # noqa: S101
        await self._settled()
        await self._changes.until(lambda: all(one.repeatable for one in self._before(attempt)))
        if attempt.turn_hearing is None:
            before = self._before(attempt)
            attempt.turn_hearing = hearing.after(before[-1].turn_hearing if before else None)
        attempt.moments.answering = self._now()
        answer = Answer(
            attempt.reply_id, attempt.outlet, self._chains.voice, self._parts.clock,
            kept=attempt.confirmed, on_audio=self.advance,
        )  # fmt: skip
        attempt.answer = answer
        attempt.done = await answer.make(self._writer.write(attempt, hearing))
        self.advance()

    # -- its way out ----------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Let the next answer out if its moment has come; end the one that is complete."""
        speaking = self._speaking
        if speaking is not None:
            if not speaking.made:
                return
            self._speaking = None
            self._queue.put(speaking.finished())
        if not self._asked or self._on_hold:
            self._changes.notify()
            return
        first = self._asked[0]
        if first.accepted and first.ready and not self._held_back():
            del self._asked[0]
            self._let_out(first)
        self._changes.notify()

    def _let_out(self, attempt: Attempt) -> None:
        attempt.begun = True
        self._speaking = attempt
        self._unheard[attempt.reply_id] = attempt
        self._queue.put(ReplyBegan(attempt.reply_id))
        attempt.outlet.release()
        if attempt.made:
            self.advance()

    def _held_back(self) -> bool:
        speaks_again = self._held_until is not None or not all(one.accepted for one in self._asked)
        if not speaks_again:
            return False
        return self._held_until is None or asyncio.get_running_loop().time() < self._held_until

    def _fail(self, attempt: Attempt, code: str, provider: str) -> None:
        if attempt is self._guess:
            self.drop_guess(Guess.FAILED)
            return
        attempt.over = True
        if attempt in self._asked:
            self._asked.remove(attempt)
        if attempt is self._speaking:
            self._speaking = None
            self._queue.put(attempt.finished())
        log.error("no answer", call_uuid=str(self._call.state.call_uuid), code=code, provider=provider)
        self._queue.put(BrainFailed(code, provider))
        self.advance()

    # -- small things ---------------------------------------------------------------------------------------

    def _new(self, listen: Listen) -> Attempt:
        return Attempt(f"reply-{next(self._numbers)}", listen, Outlet(self._queue, self._most_bytes))

    def _again(self, attempt: Attempt) -> None:
        """The same hearing, answered anew: what was known of the conversation has changed."""
        attempt.cancel()
        hearing = attempt.hearing
        assert hearing is not None  # noqa: S101
        anew = self._new(known(hearing))
        anew.hearing, anew.turn_hearing, anew.speech_ms = hearing, attempt.turn_hearing, attempt.speech_ms
        anew.moments = replace(attempt.moments, answering=None)
        if attempt.accepted:
            anew.confirmed.set()
        if attempt is self._guess:
            self._guess = anew
        else:
            self._asked[self._asked.index(attempt)] = anew
            self._waits.watch(anew)
        self._start(anew)

    def _ask(self, attempt: Attempt, speech_ms: int) -> None:
        attempt.moments.ended = self._now()
        attempt.speech_ms = speech_ms
        self._asked.append(attempt)
        self._waits.watch(attempt)

    def _before(self, attempt: Attempt) -> list[Attempt]:
        """What was asked before this and is not being answered aloud; all of it for a guess."""
        found: list[Attempt] = []
        for one in self._asked:
            if one is attempt or one.rival is attempt:
                break
            found.append(one)
        return found

    def _worth_answering(self, attempt: Attempt, hearing: Hearing) -> bool:
        heard = hearing.heard
        if hearing.failed is not None or hearing.says_something or heard.no_input or heard.instruction:
            return True
        if self._call.state.stage is Stage.TAKING_MESSAGE:
            return heard.audio_ref is not None
        if self._unheard or self._speaking is not None:
            return False
        return attempt.speech_ms >= (
            _NOISE_MS if self._chains.hears.free_dictation else _NOISE_OF_COMMANDS_MS
        )

    def _only_listens(self, hearing: Hearing) -> bool:
        """An "uhum" into a reply that goes on answers nothing, unless the reply asks something."""
        if not self._unheard or not hearing.text or self._call.state.stage is not Stage.OPEN:
            return False
        last = next(reversed(self._unheard.values())).answer
        asks = last is not None and "".join(last.spoken.texts).rstrip().endswith("?")
        return not asks and self._backchannels.words(hearing.text) == 0

    async def _settled(self) -> None:
        """The session has said how much of the last reply was heard, or does not say it soon."""
        if self._unheard:
            try:
                async with asyncio.timeout(self._options.settle_ms / 1000):
                    await self._changes.until(lambda: not self._unheard)
            except TimeoutError:
                return

    def _throw_away(self, guess: Attempt, outcome: Guess) -> None:
        guess.cancel()
        self._parts.observer.on_guess(outcome)

    def _start(self, attempt: Attempt) -> None:
        attempt.task = self.scope(self._run(attempt), attempt.reply_id)

    def scope(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """A task of this call: gone when it closes."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _now(self) -> float:
        return self._parts.clock.monotonic()
