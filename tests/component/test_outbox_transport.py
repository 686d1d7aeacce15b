"""The guarded client against real sockets."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from tests.fakes.webhook_receiver import Reply, WebhookReceiver
from voice_ai_service.net.guard import AddressRefused
from voice_ai_service.net.transport import guarded_client

LOOPBACK = [ip_network("127.0.0.0/8")]


async def test_loopback_is_refused_and_never_connected_to() -> None:
    async with WebhookReceiver().serving() as receiver, guarded_client(timeout_s=5) as client:
        for host in ("127.0.0.1", "localhost", "2130706433", "127.1", "[::ffff:127.0.0.1]"):
            with pytest.raises(AddressRefused):
                await client.post(f"http://{host}:{receiver.port}/hook")
        assert receiver.connections == 0


async def test_an_allowed_network_is_reached_by_its_name() -> None:
    async with WebhookReceiver().serving() as receiver, guarded_client(LOOPBACK, timeout_s=5) as client:
        answer = await client.post(f"http://localhost:{receiver.port}/hook", content=b"{}")
        assert answer.status_code == 200
        assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


async def test_a_redirect_inside_is_not_followed() -> None:
    async with WebhookReceiver().serving() as inner, WebhookReceiver().serving() as receiver:
        receiver.replies = [Reply(307, {"Location": inner.url})]
        async with guarded_client(LOOPBACK, timeout_s=5) as client:
            answer = await client.post(receiver.url, content=b"{}")
        assert answer.status_code == 307
        assert inner.connections == 0


async def test_even_a_client_that_follows_redirects_cannot_leave_the_allowed_networks() -> None:
    async with WebhookReceiver().serving() as receiver:
        receiver.replies = [Reply(307, {"Location": "http://169.254.169.254/latest/meta-data"})]
        async with guarded_client(LOOPBACK, timeout_s=5) as client:
            with pytest.raises(AddressRefused):
                await client.post(receiver.url, content=b"{}", follow_redirects=True)


async def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the answer that was checked is the one that is used; there is no second question."""
    asked: list[str] = []

    def answer(host: str, port: int, *_: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.99"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async with WebhookReceiver().serving() as receiver, guarded_client(LOOPBACK, timeout_s=5) as client:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", answer)
            response = await client.post(f"http://rebinding.example:{receiver.port}/", content=b"{}")
        assert response.status_code == 200
        assert asked == ["rebinding.example"]


async def test_one_private_answer_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_host: str, port: int, *_: Any) -> list[Any]:
        addresses = ("8.8.8.8", "10.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    async with guarded_client(timeout_s=5) as client:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", answer)
            with pytest.raises(AddressRefused):
                await client.post("https://mixed.example/", content=b"{}")


async def test_a_resolver_that_never_answers_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(*_: Any) -> list[Any]:
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
        return []

    async with guarded_client(timeout_s=0.05) as client:
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", hang)
            with pytest.raises(httpx.ConnectTimeout):
                await client.post("https://slow.example/", content=b"{}")
        released.set()
        await asyncio.sleep(0.05)


async def test_nobody_listening_is_a_connection_error() -> None:
    async with WebhookReceiver().serving() as receiver:
        url = receiver.url
    async with guarded_client(LOOPBACK, timeout_s=5) as client:
        with pytest.raises(httpx.ConnectError):
            await client.post(url, content=b"{}")


async def test_other_schemes_are_refused() -> None:
    async with guarded_client(LOOPBACK, timeout_s=5) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.post("ftp://example.com/", content=b"{}")
