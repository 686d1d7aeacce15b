"""The bridge as a benchmark's server: anybody may stream, all providers are stubs, and nothing else is different.

    python -m benchmarks.bridge_server --port 8080 --stubs http://127.0.0.1:9100 --rate 8000

Speaks mod_audio_stream's wire with binary frames both ways on `ws://127.0.0.1:PORT/stream/<uuid>`, without a ticket,
and says nothing until it is spoken to. The stubs speak OpenAI's HTTP. Database, session, endpointing, echo filter,
recording of the conversation and the providers' adapters are those of `voice-ai bridge`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import uvloop
from pydantic import SecretStr

from realtime_bridge.composition import open_bridge
from realtime_bridge.ingress.door import TicketDoor
from voice_ai_service import logs
from voice_ai_service.calls.hours import BusinessHours
from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.secretary import (
    CallLimits,
    Fallback,
    FallbackKind,
    Mode,
    SecretarySettings,
    TurnTaking,
)
from voice_ai_service.calls.stored import SecretaryDraft
from voice_ai_service.cli.first_start import seed_demo_domain
from voice_ai_service.clock import Clock, SystemClock
from voice_ai_service.conversations.stream_tickets import (
    RedeemedTicket,
    StreamOptions,
    StreamTickets,
    TicketRefusal,
)
from voice_ai_service.db import migrate
from voice_ai_service.db.embedded import EmbeddedPostgres
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.rows import ProviderDraft, ProviderRepository
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.domains import Domains

_UNSPOKEN = "."
"""A greeting without a letter is not said."""


@dataclass(frozen=True, slots=True)
class Answering:
    domain_uuid: UUID
    secretary_uuid: UUID
    version: int
    rate_hz: int


@dataclass(frozen=True, slots=True)
class OpenDoor(TicketDoor):
    """Lets any call in, as if its ticket had been made a moment ago."""

    answering: Answering | None = None

    async def redeem(self, call_uuid: UUID, token: str) -> RedeemedTicket | TicketRefusal:
        """See `TicketDoor`."""
        answering = self.answering
        assert answering is not None
        state = CallState(
            call_uuid=call_uuid,
            domain_uuid=answering.domain_uuid,
            secretary_uuid=answering.secretary_uuid,
            secretary_version=answering.version,
            started_at=self.clock.now(),
            called_number="8000",
            language="en",
            mode="realtime",
        )
        options = StreamOptions(sample_rate_hz=answering.rate_hz, playout="socket", control="socket")
        return RedeemedTicket(call_uuid, answering.domain_uuid, call_uuid, options, state)

    async def let_go(self, ticket: RedeemedTicket) -> None:
        """There is no ticket."""

    async def keep_alive(self, served: object) -> None:
        """Nobody else would store these calls."""
        await asyncio.Event().wait()


async def _prepare(database: Database, domain_uuid: UUID, options: argparse.Namespace) -> Answering:
    domains = Domains(database, SystemClock())
    await domains.put_setting(domain_uuid, "max_concurrent_calls", 10_000)
    rows = ProviderRepository(database)
    where = {"base_url": f"{options.stubs}/v1", "model": "stub"}
    for kind, extra in (
        (ProviderKind.STT, {"answer": "json"}),
        (ProviderKind.LLM, {}),
        (ProviderKind.TTS, {"voice": "alloy"}),
    ):
        row = ProviderDraft(kind, "openai_compatible", "stub", {**where, **extra}, 1, True)
        await rows.create(domain_uuid, row)
    settings = SecretarySettings(
        languages=("en",),
        greeting={"en": _UNSPOKEN},
        disclosure=False,
        fallback=Fallback(kind=FallbackKind.HANGUP),
        limits=CallLimits(max_turns=100, max_duration_s=7200, max_no_input=0, no_input_s=60),
        turn_taking=TurnTaking(
            end_silence_ms=options.silence, pause_ms=options.pause, end_of_turn_model=False, min_words=0
        ),
        hours=BusinessHours(always_open=True),
    )
    secretaries = SecretaryRepository(database)
    draft = SecretaryDraft(name="Benchmark", extension="8900", mode=Mode.REALTIME, settings=settings)
    made = await secretaries.create(domain_uuid, draft)
    published = await secretaries.publish(domain_uuid, made.secretary_uuid)
    return Answering(domain_uuid, made.secretary_uuid, published.version, options.rate)


async def _serve(options: argparse.Namespace, folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "postgres")
    urls = await postgres.start()
    try:
        await migrate.up(urls.owner)
        domain_uuid = await seed_demo_domain(urls.owner, urls.service)
        assert domain_uuid is not None
        database = await Database.connect(urls.service, PoolOptions(size=2))
        try:
            answering = await _prepare(database, domain_uuid, options)
        finally:
            await database.close()
        settings = Settings(
            data_dir=folder,
            database_url=SecretStr(urls.service),
            bridge_port=options.port,
            bridge_max_calls=1000,
            allowed_private_networks="127.0.0.0/8",
        )
        await _until_stopped(settings, answering)
    finally:
        await postgres.stop()


async def _until_stopped(settings: Settings, answering: Answering) -> None:
    def door(tickets: StreamTickets, clock: Clock, name: str) -> TicketDoor:
        return OpenDoor(tickets, clock, name, answering)

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with open_bridge(settings, Metrics(), SystemClock(), make_door=door):
        gc.collect()
        gc.freeze()
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--stubs", default="http://127.0.0.1:9100", help="Base URL of the provider stubs")
    parser.add_argument("--rate", type=int, choices=(8000, 16000), default=8000)
    parser.add_argument("--silence", type=int, default=200, help="End-of-turn silence, ms")
    parser.add_argument("--pause", type=int, default=100, help="Silence that an answer is begun on, ms")
    parser.add_argument("--log", default="warning")
    options = parser.parse_args()
    logs.configure(options.log, "text")
    with (
        tempfile.TemporaryDirectory(prefix="voice-ai-bridge-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(options, Path(folder)))


if __name__ == "__main__":
    main()
