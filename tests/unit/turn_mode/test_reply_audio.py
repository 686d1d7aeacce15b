from __future__ import annotations

import base64
from uuid import UUID

import pytest

from tests.fakes.calls import call_state
from tests.fakes.clock import VirtualClock
from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.audio.wav import parse_wav
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.turn_mode.reply_audio import INLINE_LIMIT_BYTES, ReplyAudio


class FullDisk:
    """A call's folder in which nothing can be written."""

    async def write(self, domain_uuid: UUID, call_uuid: UUID, name: str, content: bytes) -> bool:
        return False


def replies() -> ReplyAudio:
    return ReplyAudio(MemoryCache(VirtualClock()), FullDisk())


def speech(seconds: float) -> PcmAudio:
    return PcmAudio(b"\x10\x20" * int(PHONE_RATE_HZ * seconds), PHONE_RATE_HZ)


@pytest.mark.parametrize(("room", "inside"), [(INLINE_LIMIT_BYTES, True), (20_000, True), (16_000, False)])
async def test_a_file_is_inside_the_answer_where_there_is_room(room: int, inside: bool) -> None:
    made, call = replies(), call_state()
    answer = await made.hand_over(call, "apology", speech(2), inline_bytes=room)
    assert answer is not None
    assert (answer.content is not None) == inside


async def test_what_had_no_room_is_fetched_in_pieces() -> None:
    made, call = replies(), call_state()
    answer = await made.hand_over(call, "greeting", speech(12))
    assert answer is not None
    assert answer.content is None
    pieces = b""
    while len(pieces) < answer.bytes:
        piece = await made.piece(
            call.domain_uuid, call.call_uuid, "greeting", offset=len(pieces), length=INLINE_LIMIT_BYTES
        )
        pieces += base64.b64decode(piece.content)
    assert parse_wav(pieces).duration_s == 12


async def test_silence_is_nothing_to_play() -> None:
    assert await replies().hand_over(call_state(), "reply", speech(0)) is None


async def test_a_folder_that_cannot_be_written_does_not_silence_the_reply() -> None:
    answer = await replies().hand_over(call_state(shared_audio=True), "reply", speech(1))
    assert answer is not None
    assert (answer.file, answer.content is not None) == (None, True)
