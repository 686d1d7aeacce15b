"""The other side of the audio socket, without a socket: what mod_audio_stream and test phones put on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri


class StreamClient:
    """
    Args:
        deflate: Offers permessage-deflate as the module's fixed build does, and compresses if it may.
    """

    def __init__(self, url: str = "ws://127.0.0.1:8080/", *, deflate: bool = False) -> None:
        extensions = [ClientPerMessageDeflateFactory(client_max_window_bits=9)] if deflate else None
        self.protocol = ClientProtocol(parse_uri(url), extensions=extensions)
        self.response: Response | None = None

    def request(self) -> bytes:
        self.protocol.send_request(self.protocol.connect())
        return self._sent()

    def binary(self, payload: bytes, *, fragments: Sequence[int] = ()) -> bytes:
        """One message, cut after so many bytes each."""
        return self._message(self.protocol.send_binary, payload, fragments)

    def text(self, message: Any, *, fragments: Sequence[int] = ()) -> bytes:
        raw = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self._message(self.protocol.send_text, raw, fragments)

    def ping(self) -> bytes:
        self.protocol.send_ping(b"are you there")
        return self._sent()

    def close(self, code: int = 1000) -> bytes:
        self.protocol.send_close(code, "Normal closure")
        return self._sent()

    def receive(self, data: bytes) -> list[Frame]:
        """What the server sent, parsed."""
        if data:
            self.protocol.receive_data(data)
        frames = []
        for event in self.protocol.events_received():
            if isinstance(event, Response):
                self.response = event
            elif isinstance(event, Frame):
                frames.append(event)
        return frames

    @property
    def is_open(self) -> bool:
        return self.protocol.state is State.OPEN

    def _message(self, send: Any, payload: bytes, fragments: Sequence[int]) -> bytes:
        cuts = [0, *sorted({cut for cut in fragments if 0 < cut < len(payload)}), len(payload)]
        pieces = [payload[start:end] for start, end in pairwise(cuts)]
        send(pieces[0], fin=len(pieces) == 1)
        for number, piece in enumerate(pieces[1:], start=2):
            self.protocol.send_continuation(piece, fin=number == len(pieces))
        return self._sent()

    def _sent(self) -> bytes:
        return b"".join(self.protocol.data_to_send())


def texts(frames: Iterable[Frame]) -> Iterator[Any]:
    return (json.loads(bytes(frame.data)) for frame in frames if frame.opcode is Opcode.TEXT)


def audio(frames: Iterable[Frame]) -> bytes:
    return b"".join(bytes(frame.data) for frame in frames if frame.opcode is Opcode.BINARY)


def split_at(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(places) if end > start]
