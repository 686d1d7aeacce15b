"""A platform as `voice-ai up` runs it, for the whole session: two domains that know nothing of each other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.component.api.api_client import ApiClient
from tests.component.api.background import BackgroundLoop
from tests.component.api.owner import Owner
from tests.component.api.phone_call import PhoneCall
from tests.component.api.service_process import ServiceProcess
from tests.component.api.tenants import TenantSetUp, fill_clinic, fill_rival, make_tenant
from tests.component.api.voices import CallerVoice
from tests.fakes.webhook_receiver import WebhookReceiver
from voice_ai_service.db.embedded import EmbeddedPostgres, EmbeddedUrls
from voice_ai_service.providers.tts import embedded as embedded_voice
from voice_ai_service.tenancy.tenant import Scope

BRIDGE_URL = "ws://bridge.example:8080"
"""Nobody listens there: tests play the bridge at the database."""
REQUEST_TIMEOUT_S = 5.0
"""Short, so that whoever drips is cut off while the tests run."""


@dataclass(frozen=True)
class Platform:
    """
    Attributes:
        database: Held by the tests too, so that it outlives a killed service.
        shared_audio: The folder that a PBX on this machine would see.
    """

    service: ServiceProcess
    database: EmbeddedUrls
    shared_audio: Path

    @property
    def url(self) -> str:
        return self.service.url


@pytest.fixture(scope="session")
def background() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture(scope="session")
def webhooks(background: BackgroundLoop) -> WebhookReceiver:
    receiver = WebhookReceiver()
    background.enter(receiver.serving())
    return receiver


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    missing = embedded_voice.available()
    if missing is not None:
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-api-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs as somebody else and must get through
    shared = folder / "shared"
    shared.mkdir()
    service = ServiceProcess(
        ("up", "--no-demo"),
        folder / "data",
        {
            "shared_audio_dir": str(shared),
            "allowed_private_networks": "127.0.0.0/8",
            "request_timeout_s": str(REQUEST_TIMEOUT_S),
            "bridge_url": BRIDGE_URL,
        },
    )
    postgres = EmbeddedPostgres(service.data_dir / "postgres", durable=False)
    service.data_dir.mkdir()
    urls = postgres.start_blocking()
    try:
        yield Platform(service.start(), urls, shared)
    finally:
        service.stop_whatever_happened()
        postgres.stop_blocking()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def owner(platform: Platform, background: BackgroundLoop) -> Iterator[Owner]:
    owner = Owner.connect(background, platform.database.owner)
    yield owner
    owner.close()


@pytest.fixture(scope="session")
def anonymous(platform: Platform) -> Iterator[ApiClient]:
    client = ApiClient.of(platform.url)
    yield client
    client.http.close()


@pytest.fixture(scope="session")
def pbx(platform: Platform, anonymous: ApiClient) -> ApiClient:
    """With the token that the first start printed; names no domain."""
    return anonymous.acting((platform.service.data_dir / "pbx.token").read_text().strip())


@pytest.fixture(scope="session")
def clinic(owner: Owner, pbx: ApiClient, webhooks: WebhookReceiver) -> TenantSetUp:
    tenant = make_tenant(owner, pbx, "clinic.example")
    fill_clinic(tenant, webhooks.url)
    return tenant


@pytest.fixture(scope="session")
def rival(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    tenant = make_tenant(owner, pbx, "rival.example")
    fill_rival(tenant)
    return tenant


@pytest.fixture(scope="session")
def switched_off(owner: Owner, pbx: ApiClient) -> TenantSetUp:
    """A disabled domain to which a token was given."""
    domain_uuid = owner.make_domain("gone.example", enabled=False)
    admin = pbx.acting(owner.issue_token(domain_uuid, tuple(Scope)))
    return TenantSetUp(domain_uuid, "gone.example", admin, pbx.acting(pbx.token, domain_uuid))


@pytest.fixture(scope="session")
def caller(background: BackgroundLoop) -> Iterator[CallerVoice]:
    voice = CallerVoice.start(background)
    yield voice
    voice.close()


@pytest.fixture
def call(clinic: TenantSetUp) -> PhoneCall:
    """A new call to the clinic's first secretary, not set up yet."""
    return PhoneCall(clinic.admin)
