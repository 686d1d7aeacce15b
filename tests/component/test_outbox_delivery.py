"""Events from the stored conversation to the receiver: a real PostgreSQL, real sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import Random
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from nacl.public import PrivateKey
from standardwebhooks import Webhook

from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes.calls import STARTED, call_state
from tests.fakes.omniplay import Omniplay
from tests.fakes.webhook_receiver import Reply, WebhookReceiver
from voice_ai_service.clock import SystemClock
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.crm.delivery import Delivery
from voice_ai_service.crm.outbox import (
    CallCompletedAnnouncement,
    Claim,
    DeliveryStatus,
    ListedDelivery,
    Outbox,
)
from voice_ai_service.crm.verdict import Verdict
from voice_ai_service.crm.webhook import WebhookDraft
from voice_ai_service.crm.webhooks import MAX_WEBHOOKS, WebhookRepository
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.errors import Conflict, InvalidInput, LimitReached, NotFound
from voice_ai_service.jobs.deliveries import Deliveries, DeliveryOptions
from voice_ai_service.jobs.worker import Worker
from voice_ai_service.metrics import Metrics
from voice_ai_service.net.guard import AddressRefused
from voice_ai_service.net.transport import guarded_client
from voice_ai_service.tenancy.sealing import Sealer

LOOPBACK = [ip_network("127.0.0.0/8")]
LEASE_S = 60


class Setup:
    """One domain, its webhook on a receiver, and what delivers to it."""

    def __init__(
        self, db: Database, owner: asyncpg.Connection, receiver: WebhookReceiver, client: httpx.AsyncClient
    ) -> None:
        self.db = db
        self.owner = owner
        self.receiver = receiver
        self.clock = SystemClock()
        self.outbox = Outbox(db)
        self.sealer = Sealer(PrivateKey.generate())
        self.webhooks = WebhookRepository(db, self.sealer, self.clock, LOOPBACK)
        self.conversations = ConversationRepository(db, [CallCompletedAnnouncement()])
        self.delivery = self.deliverer(client)

    def deliverer(self, client: httpx.AsyncClient, timeout_s: float = 5.0) -> Delivery:
        return Delivery(self.outbox, self.webhooks, client, self.clock, timeout_s=timeout_s, random=Random(1))

    def draft(self, **changes: object) -> WebhookDraft:
        return WebhookDraft.model_validate({"name": "CRM", "url": self.receiver.url} | changes)

    async def call_ends(self, domain_uuid: UUID) -> UUID:
        ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED + timedelta(seconds=46))
        state = call_state(domain_uuid)
        await self.conversations.store(build(state, ending, secretary_name="Clara"))
        return state.call_uuid

    async def try_once(self) -> list[Verdict | None]:
        return [await self.delivery.deliver(claim) for claim in await self.outbox.claim(10, LEASE_S)]

    async def all_due(self) -> None:
        """Let the pauses be over."""
        await self.owner.execute(
            "UPDATE v_voice_outbox SET next_attempt_date = now(), claimed_until_date = NULL "
            "WHERE delivery_status = 'pending'"
        )

    async def only(self, domain_uuid: UUID) -> ListedDelivery:
        [delivery] = await self.outbox.deliveries(domain_uuid)
        return delivery


@pytest.fixture
async def setup(db: Database, owner_connection: asyncpg.Connection) -> AsyncIterator[Setup]:
    await owner_connection.execute("DELETE FROM v_voice_outbox")
    async with WebhookReceiver().serving() as receiver, guarded_client(LOOPBACK, timeout_s=5) as client:
        yield Setup(db, owner_connection, receiver, client)


async def test_three_failures_then_success_is_delivered_once_and_verifies(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [Reply(500), Reply(500), Reply(500), Reply(200)]
    call_uuid = await setup.call_ends(domain_uuid)
    verdicts = []
    for _ in range(6):
        verdicts += await setup.try_once()
        await setup.all_due()
    assert verdicts == [Verdict.FAILED] * 3 + [Verdict.DELIVERED]
    assert len(setup.receiver.received) == 4
    for received in setup.receiver.received:
        body = Webhook(created.secret).verify(received.body, received.headers)
        assert body["data"]["call_uuid"] == str(call_uuid)
        assert received.headers["content-type"] == "application/json"
    assert len({received.headers["webhook-id"] for received in setup.receiver.received}) == 1
    delivery = await setup.only(domain_uuid)
    assert (delivery.status, delivery.tries, delivery.last_status_code) == (DeliveryStatus.DELIVERED, 4, 200)
    assert delivery.last_error is None


async def test_after_a_failure_the_next_try_waits(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [Reply(503, {"Retry-After": "7200"})]
    await setup.call_ends(domain_uuid)
    assert await setup.try_once() == [Verdict.FAILED]
    assert await setup.try_once() == []
    delivery = await setup.only(domain_uuid)
    assert delivery.next_try_at is not None
    wait = delivery.next_try_at - datetime.now(UTC)
    assert timedelta(minutes=115) < wait < timedelta(minutes=121)
    assert (delivery.tries, delivery.last_error) == (1, "the receiver answered 503")


async def test_omniplay_gets_its_headers_and_its_body(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    draft = setup.draft(kind="omniplay", headers={"X-Company-Id": "7"}, token="service-token")
    created = await setup.webhooks.create(domain_uuid, draft)
    await setup.call_ends(domain_uuid)
    assert await setup.try_once() == [Verdict.DELIVERED]
    [received] = setup.receiver.received
    assert received.headers["authorization"] == "Bearer service-token"
    assert received.headers["x-service-name"] == "voice-ai"
    assert received.headers["x-company-id"] == "7"
    assert received.json["event"] == "call_completed"
    assert len(received.json) == 9
    Webhook(created.secret).verify(received.body, received.headers)


async def test_omniplay_is_told_of_every_ending_once(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    async with Omniplay(token="service-token", company="7").serving() as omniplay:
        draft = setup.draft(
            kind="omniplay", url=omniplay.url, headers={"X-Company-Id": "7"}, token="service-token"
        )
        await setup.webhooks.create(domain_uuid, draft)
        calls = {}
        for by in EndedBy:
            state = call_state(domain_uuid, transferred_to="2001", caller_number="")
            ending = Ending(by=by, ended_at=STARTED + timedelta(seconds=46))
            await setup.conversations.store(build(state, ending, secretary_name="Clara"))
            calls[state.call_uuid] = by
        while await setup.try_once():
            pass
    assert omniplay.refused == []
    assert omniplay.repeated == []
    assert set(omniplay.calls) == set(calls)
    resolutions = {calls[call_uuid]: body["resolution"] for call_uuid, body in omniplay.calls.items()}
    assert resolutions[EndedBy.TRANSFERRED] == "transferred"
    assert resolutions[EndedBy.ABANDONED] == "abandoned"
    assert resolutions[EndedBy.ERROR] == "failed"
    assert resolutions[EndedBy.BUSY] == "busy"


async def test_omniplay_with_another_token_refuses_and_nothing_is_lost(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    async with Omniplay(token="right", company="7").serving() as omniplay:
        draft = setup.draft(kind="omniplay", url=omniplay.url, headers={"X-Company-Id": "7"}, token="wrong")
        created = await setup.webhooks.create(domain_uuid, draft)
        await setup.call_ends(domain_uuid)
        assert await setup.try_once() == [Verdict.REFUSED]
        right = draft.model_copy(update={"token": "right"})
        await setup.webhooks.update(domain_uuid, created.webhook.webhook_uuid, right)
        await setup.all_due()
        assert await setup.try_once() == [Verdict.DELIVERED]
    assert len(omniplay.calls) == 1


async def test_a_domain_has_a_limited_number_of_webhooks(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid, other = await make_domain(), await make_domain()
    for number in range(MAX_WEBHOOKS):
        await setup.webhooks.create(domain_uuid, setup.draft(name=f"hook {number}"))
    with pytest.raises(LimitReached):
        await setup.webhooks.create(domain_uuid, setup.draft())
    await setup.webhooks.create(other, setup.draft())


async def test_every_webhook_of_the_domain_and_of_no_other_is_told(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid, other = await make_domain(), await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft(name="one"))
    await setup.webhooks.create(domain_uuid, setup.draft(name="two", events=["call_completed"]))
    await setup.webhooks.create(domain_uuid, setup.draft(name="off", enabled=False))
    await setup.webhooks.create(other, setup.draft(name="theirs"))
    await setup.call_ends(domain_uuid)
    assert await setup.try_once() == [Verdict.DELIVERED] * 2
    assert await setup.outbox.deliveries(other) == []


async def test_a_call_stored_twice_is_told_once(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED)
    conversation = build(call_state(domain_uuid), ending, secretary_name="Clara")
    await asyncio.gather(*(setup.conversations.store(conversation) for _ in range(4)))
    await setup.try_once()
    await setup.all_due()
    await setup.try_once()
    assert len(setup.receiver.received) == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(307, {"Location": "http://169.254.169.254/"}), "redirects are not followed"),
        (Reply(404), "refused it (404)"),
    ],
)
async def test_a_refusal_dies_after_a_few_tries_and_comes_back_by_replay(
    setup: Setup, make_domain: MakeDomain, reply: Reply, reason: str
) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [reply] * 5
    began = datetime.now(UTC) - timedelta(minutes=1)
    await setup.call_ends(domain_uuid)
    for _ in range(8):
        await setup.try_once()
        await setup.all_due()
    assert len(setup.receiver.received) == 5
    delivery = await setup.only(domain_uuid)
    assert delivery.status is DeliveryStatus.DEAD
    assert reason in (delivery.last_error or "")
    assert (await setup.outbox.depth()).dead == 1
    assert await setup.outbox.replay_dead(domain_uuid, datetime.now(UTC) + timedelta(minutes=1)) == 0
    assert await setup.outbox.replay_dead(domain_uuid, began) == 1
    assert await setup.try_once() == [Verdict.DELIVERED]
    assert setup.receiver.received[-1].headers["webhook-id"] == delivery.event_id


async def test_a_server_that_fails_for_a_day_leaves_a_dead_letter(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [Reply(500)] * 50
    await setup.call_ends(domain_uuid)
    for _ in range(15):
        await setup.try_once()
        await setup.all_due()
    assert len(setup.receiver.received) == 10
    assert (await setup.only(domain_uuid)).status is DeliveryStatus.DEAD


async def test_a_receiver_that_is_gone_is_not_asked_again(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [Reply(410)]
    await setup.call_ends(domain_uuid)
    assert await setup.try_once() == [Verdict.GONE]
    assert (await setup.only(domain_uuid)).status is DeliveryStatus.DEAD
    assert not (await setup.webhooks.find(domain_uuid, created.webhook.webhook_uuid)).enabled
    await setup.call_ends(domain_uuid)
    assert await setup.try_once() == []


async def test_a_webhook_switched_off_gets_nothing_that_still_waits(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    await setup.call_ends(domain_uuid)
    await setup.webhooks.disable(domain_uuid, created.webhook.webhook_uuid)
    assert await setup.try_once() == [Verdict.GONE]
    assert setup.receiver.received == []


async def test_a_private_address_is_refused_when_saved_and_when_sent(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    strict = WebhookRepository(setup.db, setup.sealer, setup.clock)
    for url in (
        setup.receiver.url,
        "https://169.254.169.254/",
        "https://127.0.0.1:8443/",
        "https://localhost/",
    ):
        with pytest.raises(AddressRefused):
            await strict.create(domain_uuid, setup.draft(url=url))
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    with pytest.raises(AddressRefused):
        await strict.update(domain_uuid, created.webhook.webhook_uuid, setup.draft())
    await setup.call_ends(domain_uuid)
    async with guarded_client(timeout_s=5) as client:
        [claim] = await setup.outbox.claim(10, LEASE_S)
        assert await setup.deliverer(client).deliver(claim) is Verdict.REFUSED
    assert setup.receiver.connections == 0
    assert "private network" in ((await setup.only(domain_uuid)).last_error or "")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(Reply(hang=True), "no answer within"), (Reply(cut=True), "did not answer in HTTP")],
)
async def test_a_receiver_without_an_answer_is_tried_again(
    setup: Setup, make_domain: MakeDomain, reply: Reply, reason: str
) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [reply]
    await setup.call_ends(domain_uuid)
    async with guarded_client(LOOPBACK, timeout_s=5) as client:
        [claim] = await setup.outbox.claim(10, LEASE_S)
        assert await setup.deliverer(client, timeout_s=0.3).deliver(claim) is Verdict.FAILED
    assert reason in ((await setup.only(domain_uuid)).last_error or "")
    await setup.all_due()
    assert await setup.try_once() == [Verdict.DELIVERED]


async def test_a_body_without_an_end_is_not_read_to_its_end(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [Reply(200, endless=True)]
    await setup.call_ends(domain_uuid)
    async with asyncio.timeout(4):
        assert await setup.try_once() == [Verdict.DELIVERED]


async def test_while_a_secret_is_rotated_the_old_one_still_verifies(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    rotated = await setup.webhooks.rotate_secret(domain_uuid, created.webhook.webhook_uuid)
    await setup.call_ends(domain_uuid)
    await setup.try_once()
    [received] = setup.receiver.received
    for secret in (created.secret, rotated.secret):
        Webhook(secret).verify(received.body, received.headers)


async def test_a_secret_that_cannot_be_opened_is_that_webhooks_fault(
    setup: Setup, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    foreign = Sealer(PrivateKey.generate()).seal(created.secret)
    await owner_connection.execute(
        "UPDATE v_voice_webhooks SET webhook_secret = $1 WHERE domain_uuid = $2", foreign, domain_uuid
    )
    with pytest.raises(InvalidInput):
        await setup.webhooks.target(domain_uuid, created.webhook.webhook_uuid)
    await setup.call_ends(domain_uuid)
    assert await setup.try_once() == [Verdict.REFUSED]
    assert setup.receiver.received == []
    repaired = await setup.webhooks.rotate_secret(domain_uuid, created.webhook.webhook_uuid)
    await setup.all_due()
    assert await setup.try_once() == [Verdict.DELIVERED]
    Webhook(repaired.secret).verify(setup.receiver.received[0].body, setup.receiver.received[0].headers)


async def test_secrets_are_sealed_in_the_database(
    setup: Setup, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft(token="hidden-token"))
    row = await owner_connection.fetchrow(
        "SELECT * FROM v_voice_webhooks WHERE domain_uuid = $1", domain_uuid
    )
    assert row is not None
    assert created.secret not in str(row)
    assert "hidden-token" not in str(row)
    assert created.secret not in repr(created)
    target = await setup.webhooks.target(domain_uuid, created.webhook.webhook_uuid)
    assert target.token == "hidden-token"
    assert "hidden-token" not in repr(target)


async def test_an_update_keeps_the_token_that_it_does_not_name(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft(token="kept"))
    uuid = created.webhook.webhook_uuid
    updated = await setup.webhooks.update(domain_uuid, uuid, setup.draft(name="renamed", events=()))
    assert (updated.name, updated.has_token) == ("renamed", True)
    assert (await setup.webhooks.target(domain_uuid, uuid)).token == "kept"
    assert [webhook.name for webhook in await setup.webhooks.all(domain_uuid)] == ["renamed"]


async def test_a_deleted_webhook_takes_its_deliveries_along(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    await setup.call_ends(domain_uuid)
    await setup.webhooks.delete(domain_uuid, created.webhook.webhook_uuid)
    assert await setup.outbox.deliveries(domain_uuid) == []
    with pytest.raises(NotFound):
        await setup.webhooks.delete(domain_uuid, created.webhook.webhook_uuid)


async def test_one_domain_reaches_nothing_of_another(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid, attacker = await make_domain(), await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    uuid = created.webhook.webhook_uuid
    await setup.call_ends(domain_uuid)
    delivery = await setup.only(domain_uuid)
    for attempt in (
        setup.webhooks.find(attacker, uuid),
        setup.webhooks.update(attacker, uuid, setup.draft(name="mine")),
        setup.webhooks.delete(attacker, uuid),
        setup.webhooks.rotate_secret(attacker, uuid),
        setup.webhooks.target(attacker, uuid),
        setup.outbox.replay(attacker, delivery.outbox_uuid),
    ):
        with pytest.raises(NotFound):
            await attempt
    await setup.webhooks.disable(attacker, uuid)
    assert (await setup.webhooks.find(domain_uuid, uuid)).enabled
    assert await setup.outbox.deliveries(attacker) == []
    assert await setup.outbox.replay_dead(attacker, STARTED) == 0
    assert await setup.outbox.load(Claim(attacker, delivery.outbox_uuid)) is None


async def test_a_worker_that_dies_after_sending_costs_a_repetition_and_not_the_event(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    created = await setup.webhooks.create(domain_uuid, setup.draft())
    await setup.call_ends(domain_uuid)
    setup.receiver.gate.clear()
    [claim] = await setup.outbox.claim(10, LEASE_S)
    dying = asyncio.create_task(setup.delivery.deliver(claim))
    await setup.receiver.wait_for(1)
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    setup.receiver.gate.set()
    assert await setup.try_once() == []  # the lease still runs
    await setup.all_due()
    assert await setup.try_once() == [Verdict.DELIVERED]
    first, second = setup.receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    Webhook(created.secret).verify(second.body, second.headers)


async def test_a_worker_that_outlived_its_lease_changes_nothing(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    setup.receiver.replies = [Reply(500), Reply(500)]
    await setup.call_ends(domain_uuid)
    setup.receiver.gate.clear()
    [claim] = await setup.outbox.claim(10, LEASE_S)
    slow = asyncio.create_task(setup.delivery.deliver(claim))
    await setup.receiver.wait_for(1)
    await setup.all_due()
    [again] = await setup.outbox.claim(10, LEASE_S)
    held = await setup.outbox.load(again)
    setup.receiver.gate.set()
    await slow
    assert held is not None
    assert await setup.outbox.load(again) == held


async def test_what_is_being_sent_cannot_be_replayed_at_the_same_time(
    setup: Setup, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    await setup.call_ends(domain_uuid)
    [claim] = await setup.outbox.claim(10, LEASE_S)
    with pytest.raises(Conflict):
        await setup.outbox.replay(domain_uuid, claim.outbox_uuid)
    assert await setup.delivery.deliver(claim) is Verdict.DELIVERED
    await setup.outbox.replay(domain_uuid, claim.outbox_uuid)
    assert await setup.try_once() == [Verdict.DELIVERED]
    with pytest.raises(NotFound):
        await setup.outbox.replay(domain_uuid, uuid4())


async def test_workers_of_two_processes_never_have_the_same_event(
    setup: Setup, make_domain: MakeDomain, database_urls: DatabaseUrls
) -> None:
    domains = [await make_domain() for _ in range(3)]
    for domain_uuid in domains:
        await setup.webhooks.create(domain_uuid, setup.draft())
        for _ in range(15):
            await setup.call_ends(domain_uuid)
    other = await Database.connect(database_urls.app, PoolOptions(size=4))
    try:
        outboxes = (setup.outbox, Outbox(other))
        claims: list[Claim] = []
        while batches := [
            batch
            for batch in await asyncio.gather(*(outbox.claim(4, LEASE_S) for outbox in outboxes * 2))
            if batch
        ]:
            for batch in batches:
                claims += batch
    finally:
        await other.close()
    assert len(claims) == len(set(claims)) == 45


async def test_two_running_workers_deliver_everything_once(
    setup: Setup, make_domain: MakeDomain, database_urls: DatabaseUrls
) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    calls = {await setup.call_ends(domain_uuid) for _ in range(20)}
    other = await Database.connect(database_urls.app, PoolOptions(size=4))
    options = DeliveryOptions(at_once=4, per_tenant=4, poll_s=0.05)
    async with guarded_client(LOOPBACK, timeout_s=5) as client:
        workers = [
            Worker([Deliveries(Outbox(database), self_delivery, Metrics(), options)], setup.clock)
            for database, self_delivery in (
                (setup.db, setup.delivery),
                (other, Delivery(Outbox(other), setup.webhooks, client, setup.clock, timeout_s=5)),
            )
        ]
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.run())
            await setup.receiver.wait_for(20)
            for worker in workers:
                worker.stop()
    await other.close()
    told = [UUID(received.json["data"]["call_uuid"]) for received in setup.receiver.received]
    assert sorted(told) == sorted(calls)
    depth = await setup.outbox.depth()
    assert (depth.pending, depth.dead) == (0, 0)


async def test_a_restart_in_mid_delivery_loses_nothing(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    await setup.webhooks.create(domain_uuid, setup.draft())
    calls = {await setup.call_ends(domain_uuid) for _ in range(10)}
    options = DeliveryOptions(at_once=4, per_tenant=4, poll_s=0.05)
    setup.receiver.gate.clear()
    killed = asyncio.create_task(
        Worker([Deliveries(setup.outbox, setup.delivery, Metrics(), options)], setup.clock).run()
    )
    await setup.receiver.wait_for(4)
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    setup.receiver.gate.set()
    await setup.all_due()  # the leases have run out
    restarted = Worker([Deliveries(setup.outbox, setup.delivery, Metrics(), options)], setup.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(restarted.run())
        await setup.receiver.wait_for(14)
        restarted.stop()
    told = [UUID(received.json["data"]["call_uuid"]) for received in setup.receiver.received[4:]]
    assert sorted(told) == sorted(calls)
    assert (await setup.outbox.depth()).pending == 0


async def test_without_a_webhook_nothing_is_queued(setup: Setup, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    await setup.call_ends(domain_uuid)
    assert await setup.outbox.deliveries(domain_uuid) == []
    assert (await setup.outbox.depth()).pending == 0
