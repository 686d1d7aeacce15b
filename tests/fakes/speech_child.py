"""`python -m tests.fakes.speech_child`: a speech worker that does what the text says, well or badly.

It speaks the real framing over real pipes; there is no engine behind it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.child import Answer, Serve, serve_forever


def serve(message: messages.Message, answer: Answer, cancelled: Callable[[], bool]) -> messages.Message:
    if not isinstance(message, messages.Speak):
        return messages.Failed("engine", f"no answer to {message.kind}")
    match message.text:
        case "die":
            os._exit(3)
        case "hang":
            time.sleep(600)
        case "until cancelled":
            answer(messages.Audio(b"ok"))
            while not cancelled():
                time.sleep(0.001)
        case "write to stdout":
            sys.stdout.write("an engine that chats")
            sys.stdout.flush()
        case "fill stderr":
            sys.stderr.write("x" * 2_000_000)
        case "tell the environment":
            answer(messages.Audio(" ".join(os.environ).encode()))
        case "interrupt yourself":
            os.kill(os.getpid(), 2)
    answer(messages.Audio(message.text.encode()))
    return messages.Done()


def load() -> Serve:
    return serve


if __name__ == "__main__":
    serve_forever(load)
