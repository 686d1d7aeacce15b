from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.framing import Frame, FrameError, FrameReader, encode

EVERY = [
    value
    for value in vars(messages).values()
    if isinstance(value, type) and issubclass(value, messages.Message) and value is not messages.Message
]
SAMPLES: dict[Any, Any] = {
    str: "não",
    int: 7,
    int | None: None,
    float: -1.5,
    float | None: None,
    bool: True,
    bytes: b"\0\xff\n",
    list[str]: ["a", "b"],
    list[list[str]]: [["a", "b"], ["c", "d"]],
    list[list[Any]]: [["p1", 0, 9]],
}


def filled(message_type: type[messages.Message]) -> messages.Message:
    hints = get_type_hints(message_type)
    return message_type(**{item.name: SAMPLES[hints[item.name]] for item in fields(message_type)})


@pytest.mark.parametrize("message_type", EVERY, ids=lambda message_type: message_type.kind)
def test_every_message_arrives_as_it_was_sent(message_type: type[messages.Message]) -> None:
    sent = filled(message_type)
    (frame,) = FrameReader().feed(encode(messages.to_frame(41, sent)))
    assert frame.request == 41
    assert messages.from_frame(frame) == sent


def test_no_two_messages_have_one_name() -> None:
    assert len({message_type.kind for message_type in EVERY}) == len(EVERY) >= 15


@pytest.mark.parametrize(
    "frame",
    [
        Frame("sing", 1),
        Frame("speak", 1, {"text": "a"}),
        Frame("done", 1, {"text": "a"}),
        Frame("audio", 1, {"x": 1}),
    ],
)
def test_other_frames_are_refused(frame: Frame) -> None:
    with pytest.raises(FrameError):
        messages.from_frame(frame)


def test_an_answer_of_another_kind_is_refused() -> None:
    with pytest.raises(FrameError, match="expected pronounced, got done"):
        messages.expect(messages.Done(), messages.Pronounced)
