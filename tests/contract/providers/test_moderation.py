"""The judge of sentences against a server that speaks OpenAI's moderation API, well and badly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.virtual_time import LoopClock
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.providers.moderation import NobodyModerates, open_moderator
from voice_ai_service.tenancy.tenant import Tenant

PLAIN = Tenant(UUID(int=1), "a.example")
MODERATED = replace(PLAIN, moderated=True)


async def judged(answer: Answer, tenant: Tenant = MODERATED) -> tuple[str | None, list[Received]]:
    seen: list[Received] = []

    async def respond(request: Received) -> Answer:
        seen.append(request)
        return answer

    async with serving(respond) as url:
        moderator = await open_moderator(f"{url}/v1", "sk-1", "omni-moderation-latest", LoopClock())
        try:
            return await moderator.judge(tenant, "Bom dia."), seen
        finally:
            await moderator.aclose()


def verdict(flagged: bool, **categories: bool) -> Answer:
    return json_answer(
        {"id": "modr-1", "model": "m", "results": [{"flagged": flagged, "categories": categories}]}
    )


async def test_a_sentence_that_may_be_said() -> None:
    category, seen = await judged(verdict(False, violence=False))
    assert category is None
    assert (seen[0].path, seen[0].headers["authorization"]) == ("/v1/moderations", "Bearer sk-1")
    assert seen[0].json == {"model": "omni-moderation-latest", "input": "Bom dia."}


async def test_the_category_is_the_vendors_word() -> None:
    assert (await judged(verdict(True, violence=False, harassment=True)))[0] == "harassment"
    assert (await judged(verdict(True)))[0] == "flagged"
    odd: Any = {"Some text that nobody bounded": True}
    assert (await judged(verdict(True, **odd)))[0] == "flagged"


async def test_a_tenant_that_did_not_ask_for_it_costs_no_request() -> None:
    category, seen = await judged(verdict(True), PLAIN)
    assert (category, seen) == (None, [])


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"results": []}),
        json_answer({"results": [{"flagged": "no"}]}),
        json_answer([1]),
        Answer(200, {"content-type": "application/json"}, (b"{",), whole=True),
        json_answer({"error": {"message": "no"}}, 401),
        json_answer({}, 500),
        json_answer({}, 429, {"retry-after": "2"}),
        Answer(silent=True),
        Answer(200, {"content-type": "application/json"}, (b'{"results"', b": []}"), cut_after=1),
    ],
)
async def test_whatever_else_it_answers_is_an_error_and_no_leave(answer: Answer) -> None:
    with pytest.raises(ProviderError):
        await judged(answer)


async def test_no_service_is_no_leave_either() -> None:
    assert await NobodyModerates().judge(PLAIN, "Oi.") is None
    with pytest.raises(ProviderError):
        await NobodyModerates().judge(MODERATED, "Oi.")


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput):
        await open_moderator("moderation", None, "m", LoopClock())
