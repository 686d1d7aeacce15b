from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.net.guard import AddressRefused, check_port, check_url, resolve_public

TRICKS = [
    "http://127.0.0.1/", "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.0.0.1./", "https://0/",
    "https://0.0.0.0/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://169.254.169.254/",
    "https://[fd00:ec2::254]/", "https://10.0.0.5:8443/hook", "https://100.100.100.200/", "https://168.63.129.16/",
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://x.localhost/", "https://printer.local/",
    "https://metadata.google.internal/", "https://omniplay/", "https://１２７.0.0.1/", "https://①②⑦.0.0.1/",
    "https://127。0。0。1/", "https://%31%32%37.0.0.1/", "https://example.com%00.evil/", "https://example.com\\@10.0.0.1/",
    "https://user@example.com/", "https://user:secret@example.com/", "https://@example.com/", "https://:@example.com/",
    "https://example.com@10.0.0.1/", "https://example.com:22/", "https://example.com:0/", "https://example.com:65536/",
    "https://example.com:6379/", "https://example.com:5060/", "https://example.com:8021/", "https://example.com:25/",
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/",
    "example.com", "", "https://", "https:///path", "https://[", "https://exa mple.com/", "https://example.com/\nX: y",
    "https://example.com/\tx", "javascript:alert(1)", "https://" + "a" * 3000, "unix:/run/docker.sock",
]  # fmt: skip


@pytest.mark.parametrize("url", TRICKS)
def test_urls_that_lead_inside_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_url(url)
    assert refused.value.field == "url"
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com/hook?x=1", "example.com", 443),
        ("https://example.com.:8443/", "example.com", 8443),
        ("HTTPS://Example.COM/", "example.com", 443),
        ("https://münchen.de/", "xn--mnchen-3ya.de", 443),
        ("https://8.8.8.8/", "8.8.8.8", 443),
        ("https://[2606:4700::1111]:9000/", "2606:4700::1111", 9000),
        ("https://example.com/@user/hook", "example.com", 443),
        ("https://example.com/#@10.0.0.1", "example.com", 443),
    ],
)
def test_ordinary_urls_pass(url: str, host: str, port: int) -> None:
    checked = check_url(url)
    assert (checked.host, checked.port) == (host, port)


def test_the_operators_networks_may_be_reached_and_without_tls() -> None:
    networks = [ip_network("10.1.0.0/16"), ip_network("127.0.0.0/8")]
    assert check_url("http://10.1.2.3:3000/hook", networks).port == 3000
    assert check_url("http://omniplay:3000/hook", networks).address is None
    assert check_url("http://127.0.0.1:8080/", networks).scheme == "http"
    for url in ("http://10.2.0.1/", "http://169.254.169.254/", "http://8.8.8.8/", "http://127.1/"):
        with pytest.raises(AddressRefused):
            check_url(url, networks)


def test_the_error_names_the_field_and_the_way_out() -> None:
    with pytest.raises(AddressRefused) as refused:
        check_url("https://10.0.0.1/", field="base_url")
    assert refused.value.field == "base_url"
    assert "VOICE_AI_ALLOWED_PRIVATE_NETWORKS" in (refused.value.fix or "")


@given(st.text(max_size=60))
def test_any_text_is_refused_or_understood(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/x", f"https://example.com{text}"):
        try:
            checked = check_url(url)
        except AddressRefused:
            continue
        assert checked.scheme == "https"
        assert checked.host
        assert checked.host.isascii()


@given(st.integers(-10, 70000))
def test_ports_below_1024_are_the_webs_only(port: int) -> None:
    try:
        check_port(port)
    except AddressRefused:
        return
    assert port in (80, 443) or 1024 <= port <= 65535


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "::1", "localhost"])
async def test_what_the_resolver_answers_is_checked(host: str) -> None:
    with pytest.raises(AddressRefused):
        await resolve_public(host, 443)


async def test_an_allowed_answer_comes_back_as_an_address() -> None:
    found = await resolve_public("127.0.0.1", 443, [ip_network("127.0.0.0/8")], plain=True)
    assert [str(address) for address in found] == ["127.0.0.1"]
