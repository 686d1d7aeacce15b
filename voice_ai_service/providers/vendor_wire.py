"""A vendor's JSON API over our own HTTP: for the requests of a live call, which come in many small pieces."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import httpx

from voice_ai_service import __version__
from voice_ai_service.errors import InvalidInput, ProviderRefused
from voice_ai_service.net import certificates
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
from voice_ai_service.net.sse import SseParser, SseTooLong
from voice_ai_service.providers.entry import ProviderContext, StageTimeouts
from voice_ai_service.providers.vendor_errors import MAX_DETAIL, Refusal, VendorErrors

_LIMITS: Final = PoolLimits(connections=200, keepalive_s=60.0)
"""Longer than a caller usually thinks: the next turn finds the connection open."""
_MAX_ERROR_BYTES: Final = 64 * 1024
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""A hundred vectors of three thousand numbers, written out, are 6 MB."""


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


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """An answer that is no success. `said` is its parsed JSON, None where it has none; `detail` what may be logged."""

    status: int
    headers: Mapping[str, str]
    said: Any
    detail: str


def as_openai_says(failed: FailedAnswer) -> Refusal:
    """`{"error": {"code": …, "param": …}}`, as most vendors write it, or the same without the outer object."""
    said = failed.said
    inner = said.get("error", said) if isinstance(said, dict) else None
    named = inner if isinstance(inner, dict) else {}
    return Refusal(
        failed.status, failed.headers, failed.detail, code=named.get("code"), param=named.get("param")
    )


Signing = Callable[[str, str, str, bytes], Mapping[str, str]]
"""Headers for one request from its method, its host, its path with the query, and its body."""


@dataclass(frozen=True, slots=True)
class VendorAddress:
    """Where a vendor's API is and how it is spoken to.

    Attributes:
        url: With the version, as in `https://api.openai.com/v1`; requests' paths are put behind it.
        typed: A tenant typed it in: it is only connected to where tenants may reach.
        headers: Of every request, the key's among them.
        sign: More headers for each request.
        refusal: What the vendor's error answers say.
    """

    url: str
    typed: bool
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign: Signing | None = None
    refusal: Callable[[FailedAnswer], Refusal] = as_openai_says


class VendorWire:
    """Requests to one vendor's address. Whoever opened it closes it."""

    def __init__(
        self, pool: HttpPool, address: VendorAddress, timeouts: StageTimeouts, errors: WireErrors
    ) -> None:
        self.errors = errors
        self.timeouts = timeouts
        self._pool = pool
        self._path = httpx.URL(address.url).raw_path.decode("ascii").rstrip("/")
        self._host = pool.origin.authority
        self._sign = address.sign
        self._refusal_of = address.refusal
        self._head = _lines(
            {
                "Host": self._host,
                **address.headers,
                "User-Agent": f"voice-ai/{__version__}",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            }
        )

    async def post(self, path: str, asked: Mapping[str, Any], *, read_s: float) -> Answer:
        """JSON in; the answer, which is a success.

        Args:
            path: Behind the address, such as `/audio/speech`, with the query.
            read_s: The longest silence of the server.

        Raises:
            ProviderError: Every other answer, and none.
        """
        body = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()
        return await self.post_bytes(path, "application/json", body, read_s=read_s)

    async def post_form(
        self,
        path: str,
        fields: Sequence[tuple[str, str]],
        file: tuple[str, str, bytes],
        *,
        read_s: float,
        file_field: str = "file",
    ) -> Answer:
        """multipart/form-data (RFC 7578). `file`: name, type and content of `file_field`. Raises as `post`."""
        boundary = secrets.token_hex(16)
        name, kind, content = file
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{file_field}"; filename="{name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        body = b"".join((head.encode(), content, f"\r\n--{boundary}--\r\n".encode()))
        return await self.post_bytes(path, f"multipart/form-data; boundary={boundary}", body, read_s=read_s)

    async def post_bytes(
        self,
        path: str,
        kind: str,
        body: bytes,
        *,
        read_s: float,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """A body as it is. `kind`: its media type; `headers`: of this request alone. Raises as `post`."""
        target = f"{self._path}{path}"
        signed = _lines(self._sign("POST", self._host, target, body)) if self._sign is not None else ""
        head = (
            f"POST {target} HTTP/1.1\r\n{self._head}{_lines(headers)}{signed}"
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
        """The data of server-sent events, parsed, up to `[DONE]` or the end. Closing it hangs up.

        Raises:
            ProviderError: Data that is not JSON, or an error event; the connection was cut.
        """
        parser = SseParser()
        try:
            while (piece := await self._next(answer)) is not None:
                try:
                    found = parser.feed(piece)
                except SseTooLong as error:
                    raise self.errors.protocol("An event is too long.") from error
                for text in found:
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

    async def _refusal(self, answer: Answer) -> Refusal:
        with self.errors.mapped():
            try:
                text = (await answer.body(_MAX_ERROR_BYTES)).decode(errors="replace")
            finally:
                answer.hang_up()
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        detail = f"{answer.status} {text}"[:MAX_DETAIL]
        return self._refusal_of(FailedAnswer(answer.status, answer.headers, said, detail))


async def open_vendor_wire(
    name: str, address: VendorAddress, timeouts: StageTimeouts, context: ProviderContext
) -> VendorWire:
    """`name` is the registry's. Raises ProviderRefused when the address is none."""
    try:
        origin = Origin.of(address.url)
    except ValueError as error:
        raise ProviderRefused(
            f"The provider {name} has no usable address.", provider=name, field="settings.base_url"
        ) from error
    trusted = await asyncio.to_thread(certificates.trusted)
    dialer = GuardedDialer(context.allowed_networks, trusted) if address.typed else VendorDialer(trusted)
    return VendorWire(HttpPool(origin, dialer, _LIMITS), address, timeouts, WireErrors(name, context.clock))


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())
