"""Calls as the dialogue leaves them behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from voice_ai_service.dialogue.call_state import CallState, StageLatencies, TurnRecord

STARTED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def greeting(text: str = "Bom dia, clínica Sol.", **changes: Any) -> TurnRecord:
    facts: dict[str, Any] = {
        "turn": 0,
        "started_at": STARTED,
        "said": text,
        "said_language": "pt-BR",
        "audio_ms": 1500,
        "played_ms": 1500,
        "latency_ms": StageLatencies(tts=20.0, total=25.0),
        "providers": {"tts": "embedded"},
    }
    return TurnRecord(**(facts | changes))


def exchange(turn: int, heard: str, said: str, **changes: Any) -> TurnRecord:
    facts: dict[str, Any] = {
        "turn": turn,
        "started_at": STARTED + timedelta(seconds=10 * turn),
        "heard": heard,
        "heard_language": "pt-BR",
        "heard_confidence": 0.9,
        "said": said,
        "said_language": "pt-BR",
        "audio_ms": 2000,
        "played_ms": 2000,
        "caller_audio_ref": f"utterance-{turn:04d}.wav",
        "caller_audio_ms": 1800,
        "latency_ms": StageLatencies(stt=40.0, retrieval=2.0, llm=100.0, tts=30.0, total=180.0),
        "providers": {"stt": "embedded", "llm": "openai", "tts": "embedded"},
        "prompt_tokens": 200,
        "completion_tokens": 20,
        "sources": ["precos.pdf"],
    }
    return TurnRecord(**(facts | changes))


def call_state(domain_uuid: UUID | None = None, *turns: TurnRecord, **changes: Any) -> CallState:
    facts: dict[str, Any] = {
        "call_uuid": uuid4(),
        "domain_uuid": domain_uuid or uuid4(),
        "secretary_uuid": uuid4(),
        "secretary_version": 3,
        "started_at": STARTED,
        "answered_at": STARTED + timedelta(seconds=1),
        "caller_number": "+5511987654321",
        "called_number": "8000",
        "turns": list(turns)
        or [
            greeting(),
            exchange(1, "qual o horário", "Abrimos das oito às dezoito."),
            exchange(2, "obrigado", "Até logo.", action="hangup"),
        ],
    }
    return CallState(**(facts | changes))
