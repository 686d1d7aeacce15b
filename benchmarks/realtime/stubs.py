"""OpenAI's speech and chat endpoints over HTTP with fixed delays, cheap enough for hundreds of calls on one core.

python -m benchmarks.realtime.stubs --port 9100 --stt-ms 150 --token-ms 200 --tts-ms 100
"""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import uvloop

from voice_ai_service.audio.resample import resample
from voice_ai_service.providers.tts.embedded import EmbeddedTts

TRANSCRIPT: Final = "What time do you open on Saturday, please?"
_REPLY: Final = (
    "We open at nine in the morning on Saturdays. "
    "On all other days of the week it is eight, and we close at six in the evening."
)
TOKENS: Final = tuple(_REPLY.split())
FIRST_SENTENCE: Final = 9
"""Tokens up to its full stop."""
TTS_RATE_HZ: Final = 24000
TTS_CHUNK_MS: Final = 100
SENTENCE_MS: Final = 2000
_SPEED: Final = 10
"""How many times faster than real time the voice is made."""
_MOST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds: to the transcript, to the first token, from one token to the next, to the first audio."""

    stt_ms: float = 150.0
    token_ms: float = 200.0
    tts_ms: float = 100.0
    every_token_ms: float = 10.0

    @property
    def unavoidable_ms(self) -> float:
        """From the end of the caller's words to the first audio, when nothing else takes time."""
        return self.stt_ms + self.token_ms + self.every_token_ms * (FIRST_SENTENCE - 1) + self.tts_ms


async def _voice() -> bytes:
    """A voice, since no echo canceller takes a hum for one."""
    async with aclosing(EmbeddedTts()) as tts:
        spoken = resample(await tts.speak(_REPLY, "en"), TTS_RATE_HZ).samples
    size = 2 * TTS_RATE_HZ * SENTENCE_MS // 1000
    return (spoken * (size // len(spoken) + 1))[:size]


class Stubs:
    def __init__(self, delays: Delays, voice: bytes) -> None:
        self._delays = delays
        self._voice = voice

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        await self._read_body(reader, headers)
        path = first.split(" ")[1]
        if path.endswith("/audio/transcriptions"):
            await asyncio.sleep(self._delays.stt_ms / 1000)
            body = json.dumps(
                {"text": TRANSCRIPT, "language": "english", "duration": 2.0, "segments": []}
            ).encode()
            writer.write(_head("application/json", len(body)) + body)
        elif path.endswith("/chat/completions"):
            await self._chat(writer)
        elif path.endswith("/audio/speech"):
            await self._speech(writer)
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return headers.get("connection") != "close"

    async def _read_body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> None:
        if headers.get("transfer-encoding") == "chunked":
            while size := int((await reader.readline()).split(b";")[0], 16):
                await reader.readexactly(size + 2)
            await reader.readline()
            return
        size = int(headers.get("content-length", "0"))
        if size > _MOST_BYTES:
            raise ConnectionError("too much")
        await reader.readexactly(size)

    async def _chat(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_head("text/event-stream"))
        loop = asyncio.get_running_loop()
        due = loop.time() + self._delays.token_ms / 1000
        for number, token in enumerate(TOKENS):
            await asyncio.sleep(due + number * self._delays.every_token_ms / 1000 - loop.time())
            _send(writer, _event({"content": token if number == 0 else f" {token}"}))
        writer.write(_event({}, finish="stop") + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    async def _speech(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_head("audio/pcm"))
        loop = asyncio.get_running_loop()
        due = loop.time() + self._delays.tts_ms / 1000
        size = 2 * TTS_RATE_HZ * TTS_CHUNK_MS // 1000
        for at in range(0, len(self._voice), size):
            await asyncio.sleep(due + at / size * TTS_CHUNK_MS / _SPEED / 1000 - loop.time())
            _send(writer, _chunk(self._voice[at : at + size]))
        writer.write(b"0\r\n\r\n")


def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Raises ConnectionError when nobody listens any more: an answer that was cancelled."""
    if writer.is_closing():
        raise ConnectionResetError
    writer.write(data)


def _head(content_type: str, size: int | None = None) -> bytes:
    length = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{length}\r\n\r\n".encode()


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {
        "id": "stub",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "stub",
        "choices": [choice],
    }
    return _chunk(b"data: " + json.dumps(body).encode() + b"\n\n")


async def _main(port: int, delays: Delays) -> None:
    stubs = Stubs(delays, await _voice())
    server = await asyncio.start_server(stubs.serve, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--stt-ms", type=float, default=150.0)
    parser.add_argument("--token-ms", type=float, default=200.0)
    parser.add_argument("--tts-ms", type=float, default=100.0)
    parser.add_argument("--every-token-ms", type=float, default=10.0)
    options = parser.parse_args()
    delays = Delays(options.stt_ms, options.token_ms, options.tts_ms, options.every_token_ms)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(options.port, delays))


if __name__ == "__main__":
    main()
