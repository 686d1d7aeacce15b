"""ElevenLabs' conversational agents over a WebSocket, as a pure protocol.

https://elevenlabs.io/docs/api-reference/agents-platform/websocket and the AsyncAPI of its public SDK. The agent owns
the turns, the voice and the tools' names; we own what is played. Its audio events are numbered: an interruption names
the last one that counts no more. It cannot be told to stop, so what follows an interruption of ours is not played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from realtime_bridge.providers import elevenlabs_messages as wire
from realtime_bridge.providers.replies import CUT_AUDIO, Replies
from realtime_bridge.providers.seam import CallerBegan, CallerEnded, CallerSaid, ToolAsked
from realtime_bridge.providers.vendor import (
    Answer,
    Command,
    Fail,
    Hold,
    Interrupted,
    KeepAlive,
    Note,
    Oddity,
    Opening,
    Renew,
    Request,
    Send,
    Steps,
    Tell,
    ToolDone,
    WireAudio,
)
from voice_ai_service.audio.formats import Encoding
from voice_ai_service.audio.g711 import ULAW_SILENCE
from voice_ai_service.dialogue.notes import ANSWER, NO_SUCH_TOOL, interrupted, late_result, said_for_you
from voice_ai_service.errors import ProviderError, ProviderProtocol
from voice_ai_service.providers.realtime.elevenlabs import ElevenLabsAgentSettings
from voice_ai_service.providers.stt.seam import Transcript
from voice_ai_service.providers.wire import faults, messages

_SPEECH_SCORE: Final = 0.7
"""Of the agent's own voice detection."""
_KEEP_ALIVE_MS: Final = 100

_OF_NO_EFFECT: Final = frozenset(
    {
        "asr_initiation_metadata", "agent_chat_response_part", "agent_tool_request", "agent_tool_response",
        "agent_tool_response_full_payload", "agent_response_metadata", "mcp_tool_call", "mcp_connection_status",
        "guardrail_triggered", "context_usage", "internal_turn_probability", "internal_tentative_agent_response",
        "dtmf_request", "agent_response_correction",
    }
)  # fmt: skip


class ElevenLabsProtocol:
    """
    Args:
        name: The registry's.
        new_id: Gives reply ids.
    """

    resume: str | None = None
    listens = True

    def __init__(
        self, name: str, settings: ElevenLabsAgentSettings, opening: Opening, new_id: Callable[[], str]
    ) -> None:
        self.ready = False
        self._name = name
        self._settings = settings
        self._opening = opening
        self._language = opening.briefing.language
        self._offered = frozenset(tool.name for tool in opening.briefing.tools)
        self._input = self._output = WireAudio(Encoding.L16, 16000)
        self._replies = Replies(new_id)
        self._number = 0
        """Of the reply that is open, or of the last one."""
        self._said: set[int] = set()
        self._dropping = False
        """What comes belongs to a reply that nobody hears any more."""
        self._interrupted_at = -1
        self._answer_due = False
        self._caller_speaks = False
        self._held = False
        self._later: list[str] = []
        """To be answered after the present reply."""
        self._calls: dict[str, bool] = {}
        """Tool calls of this connection, and whether they were answered."""

    @property
    def input(self) -> WireAudio:
        return self._input

    @property
    def output(self) -> WireAudio:
        return self._output

    @property
    def waiting(self) -> bool:
        return self._answer_due

    @property
    def replying(self) -> bool:
        return self._answer_due or self._replies.open or not all(self._calls.values())

    @property
    def quiet_ms(self) -> int | None:
        return self._settings.quiet_ms if self._replies.open else None

    def opening(self) -> Steps:
        return [Send(wire.initiation(self._settings, self._opening))]

    def audio(self, coded: bytes) -> tuple[str, ...]:
        return () if self._held else (wire.user_audio(coded),)

    def quiet(self) -> Steps:
        """Nothing came for a while: that was the reply."""
        return self._finish()

    def lost(self) -> Steps:
        return self._replies.finish_all()

    def obey(self, command: Command) -> Steps:
        match command:
            case Interrupted(reply_id, _, heard_text):
                return self._interrupt(reply_id, heard_text)
            case Note(text, said):
                return [Send(wire.context(said_for_you(text) if said else text))]
            case Request(text):
                return self._request(text)
            case Answer():
                return self._request(ANSWER)
            case ToolDone():
                return self._tool_done(command)
            case Hold(on):
                return self._hold(on)
            case KeepAlive():
                silence = ULAW_SILENCE if self._input.encoding is Encoding.PCMU else b"\0"
                size = _KEEP_ALIVE_MS * self._input.bytes_per_ms // 2 * 2
                return [Send(wire.ACTIVE), Send(wire.user_audio(silence * size))]
            case _:
                return []

    def receive(self, message: str | bytes) -> Steps:
        try:
            event = messages.parse(message, self._name)
            return self._on(messages.text(event, "type"), event)
        except ProviderProtocol as error:
            return [Fail(error)]

    def _on(self, kind: str, event: Mapping[str, Any]) -> Steps:
        match kind:
            case "audio":
                return self._on_audio(messages.child(event, "audio_event"))
            case "agent_response":
                return self._on_text(messages.child(event, "agent_response_event"))
            case "agent_response_complete":
                self._dropping = False
                return self._finish()
            case "interruption":
                return self._on_interruption(messages.child(event, "interruption_event"))
            case "user_transcript":
                return self._on_transcript(messages.child(event, "user_transcription_event"))
            case "tentative_user_transcript":
                return self._on_partial(messages.child(event, "tentative_user_transcription_event"))
            case "vad_score":
                return self._on_score(messages.child(event, "vad_score_event"))
            case "client_tool_call":
                return self._on_call(messages.child(event, "client_tool_call"))
            case "ping":
                return [Send(wire.pong(messages.number(messages.child(event, "ping_event"), "event_id")))]
            case "conversation_initiation_metadata":
                return self._on_metadata(messages.child(event, "conversation_initiation_metadata_event"))
            case "error" | "client_error":
                return self._on_error(messages.child(event, "error_event"))
            case _:
                return [] if kind in _OF_NO_EFFECT else [Oddity("unknown_event")]

    def _on_metadata(self, data: Mapping[str, Any]) -> Steps:
        if self.ready:
            return [Oddity("double_opening")]
        heard = wire.FORMATS.get(messages.text(data, "user_input_audio_format"))
        spoken = wire.FORMATS.get(messages.text(data, "agent_output_audio_format"))
        if heard is None or spoken is None:
            return [Fail(messages.broken(self._name, "an audio format that we do not know"))]
        self._input, self._output = heard, spoken
        self.ready = True
        return []

    def _on_audio(self, data: Mapping[str, Any]) -> Steps:
        coded = messages.samples(messages.text(data, "audio_base_64"), self._name)
        stale = messages.number(data, "event_id") <= self._interrupted_at
        last = data.get("is_final") is True
        if stale or self._dropping or self._held:
            if last and not stale:
                self._dropping = False
            return [Oddity(CUT_AUDIO)]
        self._answer_due = False
        steps = self._replies.audio(self._open(), coded) if coded else []
        return [*steps, *(self._finish() if last else [])]

    def _on_text(self, data: Mapping[str, Any]) -> Steps:
        """The whole text of a reply, with its first audio, or a little before or after."""
        text = messages.text(data, "agent_response").strip()
        self._dropping = False
        if self._held or not text:
            return []
        self._answer_due = False
        steps: Steps = []
        if self._replies.open and self._number in self._said:
            steps = self._finish()
        number = self._open()
        self._said.add(number)
        return [*steps, *self._replies.said(number, text, self._language)]

    def _open(self) -> int:
        if not self._replies.open:
            self._number += 1
            self._said = {number for number in self._said if number >= self._number}
        return self._number

    def _finish(self) -> Steps:
        if not self._replies.open:
            return []
        steps = self._replies.finish(self._number)
        if self._later and not self._caller_speaks:
            self._answer_due = not self._held
            steps.append(Send(wire.user_message(" ".join(self._later))))
            self._later.clear()
        return steps

    def _request(self, text: str) -> Steps:
        """What the agent says now is not interrupted by it."""
        if self._held:
            return []
        if self._replies.open:
            self._later.append(text)
            return []
        self._answer_due = True
        return [Send(wire.user_message(text))]

    def _on_interruption(self, data: Mapping[str, Any]) -> Steps:
        """The agent stopped because the caller spoke. What it made before that counts no more."""
        self._interrupted_at = max(self._interrupted_at, messages.number(data, "event_id"))
        self._dropping = False
        return [*self._caller_began(), *self._finish()]

    def _on_transcript(self, data: Mapping[str, Any]) -> Steps:
        text = messages.text(data, "user_transcript").strip()
        steps = [*self._caller_began(), Tell(CallerEnded()), *self._finish()]
        self._caller_speaks = self._dropping = False
        self._answer_due = bool(text) and not self._held
        return [*steps, Tell(CallerSaid(Transcript(text, self._language), True))]

    def _on_partial(self, data: Mapping[str, Any]) -> Steps:
        text = messages.text(data, "user_transcript").strip()
        if not text:
            return []
        return [*self._caller_began(), Tell(CallerSaid(Transcript(text, self._language), False))]

    def _on_score(self, data: Mapping[str, Any]) -> Steps:
        score = data.get("vad_score")
        return self._caller_began() if isinstance(score, (int, float)) and score >= _SPEECH_SCORE else []

    def _caller_began(self) -> Steps:
        if self._caller_speaks:
            return []
        self._caller_speaks = True
        return [Tell(CallerBegan())]

    def _on_call(self, data: Mapping[str, Any]) -> Steps:
        name, call_id = messages.text(data, "tool_name"), messages.text(data, "tool_call_id")
        if call_id in self._calls:
            return [Oddity("double_tool_call")]
        self._answer_due = False
        if name not in self._offered or self._held:
            self._calls[call_id] = True
            refusal = wire.tool_result(call_id, NO_SUCH_TOOL, is_error=True)
            return [Oddity("tool_not_offered"), Send(refusal)]
        # An agent that expects no answer must not get one.
        self._calls[call_id] = data.get("expects_response") is False
        return [Tell(ToolAsked(call_id, name, dict(messages.child(data, "parameters"))))]

    def _tool_done(self, done: ToolDone) -> Steps:
        if done.call_id not in self._calls:
            text = late_result(done.name, done.result)
            return [Send(wire.user_message(text) if done.speak else wire.context(text))]
        if self._calls[done.call_id]:
            return [Oddity("tool_answered_twice")]
        self._calls[done.call_id] = True
        self._answer_due = done.speak and not self._held
        return [Send(wire.tool_result(done.call_id, done.result))]

    def _interrupt(self, reply_id: str, heard_text: str) -> Steps:
        key = self._replies.key_of(reply_id)
        if key is None:
            return [Oddity("unknown_reply")]
        self._dropping = self._replies.open and key == self._number
        self._replies.cut_off(key)
        steps = self._finish() if self._dropping else []
        return [*steps, Send(wire.context(interrupted(heard_text)))]

    def _hold(self, on: bool) -> Steps:
        self._held = on
        self._answer_due = self._caller_speaks = False
        self._later.clear()
        if not on or not self._replies.open:
            return []
        self._replies.cut_off(self._number)
        self._dropping = True
        return self._finish()

    def _on_error(self, data: Mapping[str, Any]) -> Steps:
        if messages.text(data, "error_type") == "max_duration_exceeded":
            return [Renew(0.0)]
        return [Fail(judged(self._name, data))]


def judged(name: str, error: Mapping[str, Any]) -> ProviderError:
    """`error_type` says most; `code` is that of the close frame which follows (1008: our fault)."""
    kind, code = messages.text(error, "error_type"), messages.number(error, "code")
    detail = f"{code} {kind} {messages.text(error, 'message')}"
    if kind == "override_error":
        return faults.refused(
            name,
            "does not let the secretary change the agent",
            detail=detail,
            field="settings.overrides",
            fix="Allow these overrides in the agent's security settings, or name fewer.",
        )
    if kind in ("llm_timeout", "asyncio_timeout", "redis_timeout_error", "transport_receive_timeout"):
        return faults.silent(name, detail)
    if code == 1008 or kind == "safety_violation":
        return faults.refused(name, "refuses the conversation", detail=detail, field="settings.agent_id")
    return faults.gone(name, detail)
