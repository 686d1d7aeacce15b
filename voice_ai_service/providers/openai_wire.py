"""OpenAI's API over our own HTTP: for the requests of a live call, which come in many small pieces.

Texts, sound and transcripts of a turn pass here. What is asked once in a while (embeddings) goes through the SDK.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpx

from voice_ai_service import __version__
from voice_ai_service.errors import InvalidInput, ProviderRefused
from voice_ai_service.net.dial import GuardedDialer, VendorDialer
from voice_ai_service.net.http1 import (
    Answer,
    HttpBroken,
    HttpGone,
    HttpPool,
    HttpTimeout,
    Origin,
    PoolLimits,
)
from voice_ai_service.providers import openai_sdk
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings, StageTimeouts
from voice_ai_service.providers.vendor_errors import MAX_DETAIL, Refusal, VendorErrors

_LIMITS: Final = PoolLimits(connections=200, keepalive_s=60.0)
"""Longer than a caller usually thinks: the next turn finds the connection open."""
_MAX_ERROR_BYTES: Final = 64 * 1024
_MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_MAX_LINE_BYTES: Final = 1024 * 1024


class WireErrors(VendorErrors):
    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Nothing of the wire leaves this block."""
        try:
            yield
        except HttpTimeout as error:
            raise self.timeout(error) from error
        except HttpGone as error:
            raise self.gone(error) from error
        except HttpBroken as error:
            raise self.protocol("It does not speak HTTP.", error) from error
        except InvalidInput as error:
            raise self.address(error) from error


class OpenAiWire:
    """A server that speaks OpenAI's API. Whoever opened it closes it."""

    def __init__(
        self, pool: HttpPool, path: str, secret: str | None, timeouts: StageTimeouts, errors: WireErrors
    ) -> None:
        self.errors = errors
        self.timeouts = timeouts
        self._pool = pool
        self._path = path
        self._head = "".join(
            f"{name}: {value}\r\n"
            for name, value in (
                ("Host", pool.origin.authority),
                ("Authorization", f"Bearer {secret or 'none'}"),
                ("User-Agent", f"voice-ai/{__version__}"),
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
            )
        )

    async def post(self, path: str, asked: Mapping[str, Any], *, read_s: float) -> Answer:
        """JSON in; the answer, which is a success.

        Args:
            path: Behind the address, such as `/audio/speech`.
            read_s: The longest silence of the server.

        Raises:
            ProviderError: Every other answer, and none.
        """
        body = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._send(path, "application/json", body, read_s)

    async def post_form(
        self, path: str, fields: Sequence[tuple[str, str]], file: tuple[str, str, bytes], *, read_s: float
    ) -> Answer:
        """multipart/form-data (RFC 7578). `file`: name, type and content of the field `file`. Raises as `post`."""
        boundary = secrets.token_hex(16)
        name, kind, content = file
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        body = b"".join((head.encode(), content, f"\r\n--{boundary}--\r\n".encode()))
        return await self._send(path, f"multipart/form-data; boundary={boundary}", body, read_s)

    async def json(self, answer: Answer) -> Any:
        """The body of a whole answer. Raises ProviderError."""
        try:
            with self.errors.mapped():
                body = await answer.body(_MAX_ANSWER_BYTES)
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self.errors.protocol("It sent something that is not JSON.", error) from error
        finally:
            answer.hang_up()

    async def pieces(self, answer: Answer) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Closing it hangs up. Raises ProviderError."""
        try:
            while (piece := await self._next(answer)) is not None:
                yield piece
        finally:
            answer.hang_up()

    async def events(self, answer: Answer) -> AsyncGenerator[Any, None]:
        """The data of server-sent events (WHATWG HTML 9.2), parsed, up to `[DONE]`. Closing it hangs up.

        Raises:
            ProviderError: Data that is not JSON, or an error event; the connection was cut.
        """
        rest, data = b"", list[bytes]()
        try:
            while (piece := await self._next(answer)) is not None:
                lines = (rest + piece).split(b"\n") if rest else piece.split(b"\n")
                rest = lines.pop()
                if len(rest) > _MAX_LINE_BYTES:
                    raise self.errors.protocol("An event is too long.")
                for line in lines:
                    line = line.removesuffix(b"\r")
                    if line.startswith(b"data:"):
                        data.append(line[5:].removeprefix(b" "))
                    elif not line and data:
                        text, data = b"\n".join(data), []
                        if text.startswith(b"[DONE]"):
                            answer.leave()
                            return
                        yield self._event(text)
        finally:
            if not answer.left:
                answer.hang_up()

    async def warm(self) -> None:
        """Connects ahead of the next request. Raises ProviderError."""
        with self.errors.mapped():
            await self._pool.warm(self.timeouts.connect_s)

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def _next(self, answer: Answer) -> bytes | None:
        try:
            return await answer.next()
        except (HttpTimeout, HttpGone, HttpBroken):
            with self.errors.mapped():
                raise

    def _event(self, text: bytes) -> Any:
        try:
            event = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.errors.protocol("An event is not JSON.", error) from error
        if isinstance(event, dict) and (failure := event.get("error")):
            kind = failure.get("type") or failure.get("code") if isinstance(failure, dict) else failure
            raise self.errors.in_stream(str(kind or ""), str(failure)[:MAX_DETAIL])
        return event

    async def _send(self, path: str, kind: str, body: bytes, read_s: float) -> Answer:
        head = (
            f"POST {self._path}{path} HTTP/1.1\r\n{self._head}"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with self.errors.mapped():
            answer = await self._pool.post(
                head.encode("latin-1"), body, connect_s=self.timeouts.connect_s, read_s=read_s
            )
        if not 200 <= answer.status < 300:
            raise self.errors.of_answer(await self._refusal(answer))
        if answer.headers.get("content-encoding", "identity") != "identity":
            answer.hang_up()
            raise self.errors.protocol("It compresses its answers unasked.")
        return answer

    async def _refusal(self, answer: Answer) -> Refusal:
        with self.errors.mapped():
            try:
                text = (await answer.body(_MAX_ERROR_BYTES)).decode(errors="replace")
            finally:
                answer.hang_up()
        inner: Any = None
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            inner = parsed.get("error", parsed)
        named = inner if isinstance(inner, dict) else {}
        detail = f"{answer.status} {text}"[:MAX_DETAIL]
        return Refusal(
            answer.status, answer.headers, detail, code=named.get("code"), param=named.get("param")
        )


async def open_wire(
    name: str, settings: ProviderSettings, secret: str | None, context: ProviderContext
) -> OpenAiWire:
    """To the vendor's own address, or to `settings.base_url`, which must be one that tenants may reach.

    Raises:
        ProviderRefused: The address is none.
    """
    base_url: str | None = getattr(settings, "base_url", None)
    address = base_url or openai_sdk.OPENAI_URL
    try:
        origin = Origin.of(address)
    except ValueError as error:
        raise ProviderRefused(
            f"The provider {name} has no usable address.", provider=name, field="settings.base_url"
        ) from error
    certificates = await asyncio.to_thread(httpx.create_ssl_context)
    dialer = (
        VendorDialer(certificates)
        if base_url is None
        else GuardedDialer(context.allowed_networks, certificates)
    )
    path = httpx.URL(address).raw_path.decode("ascii").rstrip("/")
    pool = HttpPool(origin, dialer, _LIMITS)
    return OpenAiWire(pool, path, secret, settings.timeouts, WireErrors(name, context.clock))
