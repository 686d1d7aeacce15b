"""Our own HTTP/1.1 against servers on loopback: well-behaved, slow, rude and broken ones, over TCP, TLS and a proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.loops import both_loops
from voice_ai_service.net.dial import GuardedDialer, VendorDialer, proxy_for
from voice_ai_service.net.guard import AddressRefused
from voice_ai_service.net.http1 import (
    HttpBroken,
    HttpGone,
    HttpPool,
    HttpTimeout,
    Origin,
    PoolLimits,
)

LOOPBACK = (ip_network("127.0.0.0/8"),)
PLAIN = ssl.create_default_context()
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def pool_to(port: int, limits: PoolLimits | None = None) -> AsyncIterator[HttpPool]:
    async with HttpPool(
        Origin.of(f"http://127.0.0.1:{port}"), GuardedDialer(LOOPBACK, PLAIN), limits
    ) as pool:
        yield pool


def answering(*answers: bytes, requests: list[bytes] | None = None, gap_s: float = 0.0) -> Serve:
    """Answers one request after the other; more than there are answers close the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            request = await _request(reader)
            if requests is not None:
                requests.append(request)
            for part in answer.split(b"|"):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(gap_s)

    return serve


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


def head_of(body: bytes) -> bytes:
    return f"POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()


async def ask(
    pool: HttpPool, body: bytes = b"{}", *, connect_s: float = 2, read_s: float = 2
) -> tuple[int, bytes]:
    answer = await pool.post(head_of(body), body, connect_s=connect_s, read_s=read_s)
    return answer.status, await answer.body(1_000_000)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@both_loops
async def test_a_request_and_its_answer() -> None:
    requests: list[bytes] = []
    async with serving(answering(OK, requests=requests)) as port, pool_to(port) as pool:
        assert await ask(pool, b"some body") == (200, b"hello")
    assert requests == [head_of(b"some body") + b"some body"]


@both_loops
async def test_a_connection_is_used_again_and_a_closed_one_is_not_missed() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(OK, OK)(reader, writer)

    async with serving(serve) as port, pool_to(port) as pool:
        for _ in range(4):
            assert (await ask(pool))[1] == b"hello"
    assert connections == 2


@both_loops
async def test_an_idle_connection_that_closes_as_it_is_used_is_replaced() -> None:
    """The server reads the second request and hangs up without a word."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(OK)(reader, writer)
        await _request(reader)

    async with serving(serve) as port, pool_to(port) as pool:
        await ask(pool)
        assert (await ask(pool))[1] == b"hello"
    assert connections == 2


@both_loops
async def test_a_fresh_connection_that_closes_without_a_word_is_an_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)

    async with serving(serve) as port, pool_to(port) as pool:
        with pytest.raises(HttpGone):
            await ask(pool)


@both_loops
async def test_a_connection_can_be_had_before_it_is_needed() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(OK)(reader, writer)

    async with serving(serve) as port, pool_to(port) as pool:
        await pool.warm(1)
        await pool.warm(1)
        await asyncio.sleep(0.02)
        assert connections == 1
        assert (await ask(pool))[1] == b"hello"
        assert connections == 1
    async with pool_to(port) as pool:
        with pytest.raises(HttpGone):
            await pool.warm(1)


@both_loops
async def test_an_old_idle_connection_is_not_used() -> None:
    limits = PoolLimits(keepalive_s=0.0)
    requests: list[bytes] = []
    async with serving(answering(OK, requests=requests)) as port, pool_to(port, limits) as pool:
        await ask(pool)
        await asyncio.sleep(0.01)
        assert (await ask(pool))[1] == b"hello"
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n|2\r\nde\r\n|0\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil |the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n|" + OK, b"hello"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"H|TTP/1.1 2|00 OK\r\nContent-Le|ngth: 5\r\n\r|\nhel|lo", b"hello"),
    ],
)
@both_loops
async def test_a_body_as_it_may_be_framed(answer: bytes, body: bytes) -> None:
    async with serving(answering(answer, gap_s=0.005)) as port, pool_to(port) as pool:
        assert (await ask(pool))[1] == body


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", HttpBroken),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", HttpGone),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", HttpBroken),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", HttpGone),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", HttpBroken),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", HttpBroken),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", HttpBroken),
    ],
)
@both_loops
async def test_what_is_no_answer(answer: bytes, failure: type[Exception]) -> None:
    async with serving(answering(answer)) as port, pool_to(port) as pool:
        with pytest.raises(failure):
            await ask(pool)


@both_loops
async def test_more_than_was_asked_for_is_not_taken_for_the_next_answer() -> None:
    twice = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    async with serving(answering(twice)) as port, pool_to(port) as pool:
        assert (await ask(pool))[1] == b"hello"
        await asyncio.sleep(0.02)
        assert not pool._idle


@both_loops
async def test_silence_before_and_in_the_middle_of_an_answer_times_out() -> None:
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"):

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes = answer
        ) -> None:
            await answering(answer)(reader, writer)
            await reader.read()

        async with serving(serve) as port, pool_to(port) as pool:
            with pytest.raises(HttpTimeout):
                await ask(pool, read_s=0.05)


@both_loops
async def test_a_reader_that_takes_its_time_is_not_the_servers_silence() -> None:
    async with (
        serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello|hello", gap_s=0.01)) as port,
        pool_to(port) as pool,
    ):
        answer = await pool.post(head_of(b""), b"", connect_s=1, read_s=0.05)
        await asyncio.sleep(0.2)
        assert await answer.body(100) == b"hellohello"


@both_loops
async def test_what_nobody_takes_holds_the_server_up() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await _request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
        for _ in range(1024):
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536

    async with serving(serve) as port, pool_to(port) as pool:
        answer = await pool.post(head_of(b""), b"", connect_s=1, read_s=5)
        before = -1
        while before < sent:
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 32 * 1024 * 1024
        taken = 0
        while (piece := await answer.next()) is not None:
            taken += len(piece)
        assert taken == 67108864


@both_loops
async def test_who_hangs_up_is_seen_by_the_server() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel")(reader, writer)
        try:
            await reader.read()
        finally:
            gone.set()

    async with serving(serve) as port, pool_to(port) as pool:
        answer = await pool.post(head_of(b""), b"", connect_s=1, read_s=1)
        answer.hang_up()
        await asyncio.wait_for(gone.wait(), 2)
        with pytest.raises(HttpGone):
            await answer.body(10)


@both_loops
async def test_an_answer_that_is_left_gives_its_connection_back_when_it_ends() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n|2\r\nde\r\n|0\r\n\r\n"
    async with serving(answering(answer, OK, gap_s=0.02)) as port, pool_to(port) as pool:
        first = await pool.post(head_of(b""), b"", connect_s=1, read_s=1)
        await first.next()
        first.leave()
        while not pool._idle:
            await asyncio.sleep(0.01)
        assert (await ask(pool))[1] == b"hello"
        assert len(pool._all) == 1


@both_loops
async def test_no_more_connections_than_allowed_and_the_rest_wait() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await answering(*[OK] * 20, gap_s=0.005)(reader, writer)

    async with serving(serve) as port, pool_to(port, PoolLimits(connections=2)) as pool:
        answers = await asyncio.gather(*(ask(pool) for _ in range(10)))
        assert [body for _, body in answers] == [b"hello"] * 10
    assert connections == 2


@both_loops
async def test_who_waits_too_long_for_a_connection_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(serve) as port, pool_to(port, PoolLimits(connections=1)) as pool:
        hanging = asyncio.create_task(ask(pool))
        await asyncio.sleep(0.02)
        with pytest.raises(HttpTimeout):
            await ask(pool, connect_s=0.05)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)


@both_loops
async def test_a_closed_pool_says_so_and_frees_who_waits() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(serve) as port, pool_to(port) as pool:
        hanging = asyncio.create_task(ask(pool))
        await asyncio.sleep(0.02)
        await pool.aclose()
        with pytest.raises(HttpGone):
            await hanging
        with pytest.raises(HttpGone):
            await ask(pool)


@both_loops
async def test_nobody_there() -> None:
    async with serving(answering()) as port:
        pass
    async with pool_to(port) as pool:
        with pytest.raises(HttpGone):
            await ask(pool)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8021", "http://10.0.0.1:80", "https://169.254.169.254"])
@both_loops
async def test_an_address_that_tenants_must_not_reach(url: str) -> None:
    async with HttpPool(Origin.of(url), GuardedDialer((), PLAIN)) as pool:
        with pytest.raises(AddressRefused):
            await ask(pool)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=12))
def test_where_an_answer_is_cut_makes_no_difference(cuts: list[int]) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    parts, at = [], 0
    for cut in cuts:
        parts.append(whole[at : at + cut])
        at += cut
    parts.append(whole[at:])

    async def run() -> bytes:
        async with serving(answering(b"|".join(filter(None, parts)))) as port, pool_to(port) as pool:
            return (await ask(pool))[1]

    assert asyncio.run(run()) == b"abcdefg"


# TLS, and the way through a proxy.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vendor.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@both_loops
async def test_over_tls(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with serving(answering(OK, OK), server_side(certificate)) as port:
        origin = Origin.of(f"https://127.0.0.1:{port}")
        async with HttpPool(origin, GuardedDialer(LOOPBACK, trusting)) as pool:
            assert (await ask(pool))[1] == b"hello"
            assert (await ask(pool))[1] == b"hello"
            assert len(pool._all) == 1


@both_loops
async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with serving(answering(OK), server_side(certificate)) as port:
        origin = Origin.of(f"https://127.0.0.1:{port}")
        async with HttpPool(origin, GuardedDialer(LOOPBACK, PLAIN)) as pool:
            with pytest.raises(HttpGone):
                await ask(pool)


def tunnelling(heads: list[bytes], status: bytes = b"200 Connection established") -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        await writer.drain()
        if not status.startswith(b"200"):
            return
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        behind_reader, behind = await asyncio.open_connection(host, int(port))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(4096):
                sink.write(data)

        try:
            await asyncio.gather(pump(reader, behind), pump(behind_reader, writer))
        finally:
            behind.transport.abort()

    return serve


@both_loops
async def test_a_vendor_is_reached_through_the_environments_proxy(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    heads: list[bytes] = []
    async with serving(answering(OK), server_side(certificate)) as port, serving(tunnelling(heads)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:pa%40ss@127.0.0.1:{proxy}")
        monkeypatch.delenv("no_proxy", raising=False)
        async with HttpPool(Origin.of(f"https://127.0.0.1:{port}"), VendorDialer(trusting)) as pool:
            assert (await ask(pool))[1] == b"hello"
    assert heads[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic dXNlcjpwYUBzcw==\r\n" in heads[0]


@both_loops
async def test_a_proxy_that_refuses_is_a_vendor_that_is_not_there(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tunnelling([], b"407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{proxy}")
        async with HttpPool(Origin.of("https://127.0.0.1:9"), VendorDialer(PLAIN)) as pool:
            with pytest.raises(HttpGone):
                await ask(pool)


@pytest.mark.parametrize(
    ("variables", "url", "proxied"),
    [
        ({"https_proxy": "http://p:1"}, "https://api.openai.com", True),
        ({"https_proxy": "http://p:1", "no_proxy": "api.openai.com"}, "https://api.openai.com", False),
        ({"all_proxy": "http://p:1"}, "https://api.openai.com", True),
        ({"http_proxy": "http://p:1"}, "https://api.openai.com", False),
        ({"https_proxy": "http://p:1"}, "http://api.openai.com", False),
    ],
)
def test_which_proxy_the_environment_names(
    variables: dict[str, str], url: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (proxy_for(Origin.of(url)) is not None) is proxied


@pytest.mark.parametrize(
    ("url", "host", "port", "authority"),
    [
        ("https://api.openai.com/v1", "api.openai.com", 443, "api.openai.com"),
        ("http://[::1]:8000/v1", "::1", 8000, "[::1]:8000"),
        ("http://bücher.example", "xn--bcher-kva.example", 80, "xn--bcher-kva.example"),
    ],
)
def test_where_a_url_leads(url: str, host: str, port: int, authority: str) -> None:
    origin = Origin.of(url)
    assert (origin.host, origin.port, origin.authority) == (host, port, authority)


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "http://x:99999", "no url"])
def test_what_leads_nowhere(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Origin.of(url)
