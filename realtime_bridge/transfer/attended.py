"""Who answers is told who calls and what about, and is asked; only an explicit yes connects (lesson 41)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from realtime_bridge.transfer.attempt import Attempt, Verdict
from realtime_bridge.transfer.briefing import Briefing, briefing_of
from realtime_bridge.transfer.consent import answer_of, key_answer
from realtime_bridge.transfer.outcome import TransferResult
from realtime_bridge.transfer.seam import (
    AttendantAudio,
    AttendantLine,
    AttendantPressed,
    AttendantSaid,
)
from voice_ai_service.errors import Unavailable, VoiceAiError

ASKED_AT_MOST: Final = 2
ANSWER_S: Final = 6.0
"""Silence after the question that counts as no answer."""
SPEAK_S: Final = 30.0
"""Longer than any briefing: a voice that hangs must not hold the caller."""
MAX_UTTERANCES: Final = 32

_Answer = Literal["yes", "no"]


class Attended:
    """
    Args:
        audio: Opens the line to who was rung.
    """

    def __init__(self, audio: AttendantAudio) -> None:
        self._audio = audio

    async def exec(self, attempt: Attempt) -> Verdict:
        return await attempt.ring() or await self._ask(attempt) or await attempt.connect()

    async def _ask(self, attempt: Attempt) -> Verdict | None:
        """None: an explicit yes."""
        asked = attempt.request
        line = self._audio.line(
            attempt.legs.attendant.channel_uuid,
            plan=asked.plan,
            tenant=asked.tenant,
            language=asked.language,
        )
        async with line as open_line, _listening(open_line, attempt) as question:
            answer = await question.put(briefing_of(asked))
        if answer == "yes":
            return None
        over = attempt.ended()
        if over is not None:
            return over
        return Verdict(TransferResult.REFUSED if answer == "no" else TransferResult.NOT_ACCEPTED)


class _Question:
    """The briefing, the question and what is answered. Keys count at any time; a no does too; a spoken yes only
    after the question was begun: "sim?" is how people answer the telephone."""

    def __init__(self, line: AttendantLine, attempt: Attempt) -> None:
        self._line = line
        self._attempt = attempt
        self._said: deque[AttendantSaid] = deque(maxlen=MAX_UTTERANCES)
        self._keys = ""
        self._failure: VoiceAiError | None = None
        self._language = attempt.request.language

    async def put(self, briefing: Briefing) -> _Answer | None:
        answer = await self._say(briefing.announcement, yes_counts=False)
        for number in range(ASKED_AT_MOST):
            text = briefing.question if number == 0 else briefing.again
            answer = answer or await self._say(text, yes_counts=True)
            answer = answer or await self._wait()
            if answer is not None or self._attempt.ended() is not None:
                return answer
        return None

    async def listen(self) -> None:
        """Reads the line until it ends; its end is the channel's to explain."""
        try:
            async for heard in self._line.heard():
                if isinstance(heard, AttendantPressed):
                    self._keys += heard.digit
                else:
                    self._said.append(heard)
                self._attempt.legs.changed()
        except VoiceAiError as error:
            self._failure = error
            self._attempt.legs.changed()

    async def _say(self, text: str, *, yes_counts: bool) -> _Answer | None:
        if self._attempt.ended() is not None:
            return None
        speaking = asyncio.create_task(self._line.say(text, self._language), name="briefing")
        speaking.add_done_callback(lambda _: self._attempt.legs.changed())
        found: list[_Answer] = []

        def known() -> bool:
            found[:] = self._answers(yes_counts=yes_counts)
            return bool(found) or speaking.done() or self._failure is not None

        try:
            in_time = await self._attempt.legs.until(known, SPEAK_S)
        finally:
            speaking.cancel()
            ended = (await asyncio.gather(speaking, return_exceptions=True))[0]
        if found:
            return found[0]
        for failure in (self._failure, ended):
            if isinstance(failure, Exception):
                raise failure
        if not in_time and self._attempt.ended() is None:
            raise Unavailable("The briefing was not heard in time")
        return None

    async def _wait(self) -> _Answer | None:
        """Until something answers, for `ANSWER_S` of nothing; speech that is no answer ends the wait."""
        found: list[_Answer] = []

        def known() -> bool:
            other = bool(self._said)
            found[:] = self._answers(yes_counts=True)
            return bool(found) or other or self._failure is not None

        await self._attempt.legs.until(known, ANSWER_S)
        if self._failure is not None and not found:
            raise self._failure
        return found[0] if found else None

    def _answers(self, *, yes_counts: bool) -> list[_Answer]:
        """What was said and pressed since the last look; it is looked at once."""
        pressed = key_answer(self._attempt.legs.attendant.digits) or key_answer(self._keys)
        if pressed is not None:
            return [pressed]
        answers: list[_Answer] = []
        while self._said:
            answer = answer_of(self._said.popleft().text, self._language)
            if answer == "no" or (answer == "yes" and yes_counts):
                answers.append(answer)
        return answers[:1]


@asynccontextmanager
async def _listening(line: AttendantLine, attempt: Attempt) -> AsyncIterator[_Question]:
    question = _Question(line, attempt)
    listening = asyncio.create_task(question.listen(), name="attendant's words")
    try:
        yield question
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
