"""A domain that has its ears, its voice, its mind and its memory from one provider, a fake one on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.tenants import CLARA, TenantSetUp, add_destination, add_secretary, make_tenant
from tests.fakes.openai_server import KEY, FakeOpenAi, fake_openai

MODEL_SAYS = ("Atendemos", " de segunda", " a sexta.")
HEARD = "vocês abrem no sábado"
_KINDS = {"stt": "whisper-1", "tts": "tts-1", "llm": "gpt-4.1-mini", "embeddings": "text-embedding-3-small"}
_LOUD = b"\x00\x20\x00\xe0" * 24_000
_numbers = count(1)


@dataclass
class Cloud:
    tenant: TenantSetUp
    provider: FakeOpenAi

    def call(self) -> PhoneCall:
        return PhoneCall(self.tenant.admin).answer()


@contextmanager
def cloud_domain(owner: Owner, pbx: ApiClient, background: BackgroundLoop) -> Iterator[Cloud]:
    tenant = make_tenant(owner, pbx, f"cloud-{next(_numbers)}.example")
    add_destination(tenant, "recepção", "2000")
    serving = fake_openai(says=MODEL_SAYS, transcript={"text": HEARD}, samples=_LOUD)
    fake = background.enter(serving)
    try:
        for kind in _KINDS:
            row = {
                "kind": kind,
                "name": "openai_compatible",
                "secret": KEY,
                "settings": _settings(kind, fake),
            }
            tenant.admin.post("/providers", row)
        add_secretary(tenant, "8000", CLARA, name="Clara")
        yield Cloud(tenant, fake)
    finally:
        background.leave(serving)


def _settings(kind: str, fake: FakeOpenAi) -> dict[str, object]:
    timeouts = {"connect_s": 1, "first_byte_s": 0.5, "stall_s": 0.5, "total_s": 3}
    needed: dict[str, dict[str, object]] = {"tts": {"voice": "alloy"}, "embeddings": {"dimension": 8}}
    return {"base_url": fake.base_url, "model": _KINDS[kind], "timeouts": timeouts, **needed.get(kind, {})}
