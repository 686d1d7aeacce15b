"""Vendors that speak OpenAI's chat with differences: each fake refuses what its vendor refuses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.contract.providers.test_chat import HISTORY, TRANSFER, ask
from tests.contract.providers.wires import LOOPBACK
from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.openai_server import KEY, FakeOpenAi, ToolUse, sse, with_frame
from voice_ai_service.errors import ProviderBusy, ProviderRefused, ProviderUnavailable
from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.llm.presets import PRESETS, ChatPreset
from voice_ai_service.providers.llm.seam import ChatDone, Role, ToolCall, Usage
from voice_ai_service.providers.registry import ProviderRegistry

every_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
BY_NAME = {preset.name: preset for preset in PRESETS}
MISTRAL_FIELDS = {
    *(
        "frequency_penalty",
        "guardrails",
        "logprobs",
        "max_tokens",
        "messages",
        "metadata",
        "min_tokens",
        "model",
        "n",
    ),
    *(
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_mode",
        "random_seed",
    ),
    *(
        "reasoning_effort",
        "response_format",
        "safe_prompt",
        "stop",
        "stream",
        "temperature",
        "tool_choice",
        "tools",
    ),
    *("top_p", "service_tier", "top_k"),
}


@dataclass
class FakeCompatible(FakeOpenAi):
    """`strict`: as Mistral, which knows its own fields and names of calls, and always counts."""

    strict: bool = False
    models: list[str] = field(default_factory=list)

    async def respond(self, request: Received) -> Answer:
        asked = request.json
        if self.strict and (fault := _against_mistral(asked)):
            self.requests.append(request)
            return json_answer({"object": "error", "message": fault, "type": "invalid_request_error"}, 422)
        self.models.append(asked["model"])
        usage = {} if not self.strict else {"stream_options": {"include_usage": True}}
        inner = replace(request, body=_as_json({**asked, **usage, "model": "gpt-4.1-mini"}))
        answer = await super().respond(inner)
        self.requests[-1] = request
        return answer


def _as_json(value: Mapping[str, Any]) -> bytes:
    return sse(value)[6:].strip()


def _against_mistral(asked: Mapping[str, Any]) -> str | None:
    if unknown := asked.keys() - MISTRAL_FIELDS:
        return f"extra_forbidden: {unknown}"
    for message in asked["messages"]:
        ids = [call["id"] for call in message.get("tool_calls", ())]
        if message["role"] == Role.TOOL:
            ids.append(message["tool_call_id"])
        if not all(re.fullmatch(r"[a-zA-Z0-9]{9}", one) for one in ids):
            return "Tool call id must be a-z, A-Z, 0-9, with a length of 9."
    return None


@asynccontextmanager
async def opened(preset: ChatPreset, **fake: Any) -> AsyncIterator[tuple[FakeCompatible, Any]]:
    server = FakeCompatible(strict=preset.name == "mistral", **fake)
    async with serving(server.respond) as address:
        url = f"{address}/v1"
        own = {} if preset.url else {"base_url": url}
        needs_model = preset.settings_model.model_fields["model"].is_required()
        settings = preset.settings_model(**own, **({"model": "ours"} if needs_model else {}))
        at = replace(preset, url=url) if preset.url else preset
        async with aclosing(await at.builder()(LOOPBACK, settings, KEY)) as provider:
            yield server, provider


@every_preset
async def test_a_history_with_tools_is_answered_and_counted(preset: ChatPreset) -> None:
    async with opened(preset) as (server, provider):
        events = await ask(provider, HISTORY, [TRANSFER] if provider.capabilities.tools else ())
        assert events[-1] == ChatDone("stop", Usage(19, 10))
        assert server.models == [provider.model]


@every_preset
async def test_a_vendors_refusal_is_the_presets(preset: ChatPreset) -> None:
    async with opened(preset, fault=lambda _: json_answer({"error": {"message": "x"}}, 401)) as (_, provider):
        with pytest.raises(ProviderRefused) as caught:
            await ask(provider)
    assert (caught.value.provider, caught.value.field) == (preset.name, "secret")


async def test_mistrals_own_names_of_calls_stay_and_others_fit() -> None:
    call = ToolUse("transfer", '{"to": "Ana"}', "D681PevKs")
    async with opened(BY_NAME["mistral"], says=(), calls=[call]) as (server, provider):
        events = await ask(provider, HISTORY, [TRANSFER])
        assert events[0] == ToolCall("D681PevKs", "transfer", {"to": "Ana"})
        asked = server.requests[0].json["messages"]
    assert asked[3]["tool_calls"][0]["id"] == asked[4]["tool_call_id"] != "call_1"


async def test_openrouter_says_in_the_stream_that_a_provider_behind_it_failed() -> None:
    for code, expected in (
        (502, ProviderUnavailable),
        (429, ProviderBusy),
        ("server_error", ProviderUnavailable),
    ):
        chunk = {
            "id": "gen-1", "object": "chat.completion.chunk", "error": {"code": code, "message": "Provider said no"},
            "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
        }  # fmt: skip
        async with opened(BY_NAME["openrouter"], fault=with_frame(2, sse(chunk))) as (_, provider):
            with pytest.raises(expected):
                await ask(provider)


async def test_comments_that_keep_a_stream_open_are_no_events() -> None:
    async with opened(BY_NAME["openrouter"], fault=with_frame(0, b": OPENROUTER PROCESSING\n\n")) as (
        _,
        provider,
    ):
        assert isinstance((await ask(provider))[-1], ChatDone)


async def test_what_a_moderated_model_refuses_is_about_the_request_and_no_wrong_key() -> None:
    said = {
        "code": 403, "message": "Input was flagged",
        "metadata": {"reasons": ["violence"], "flagged_input": "the caller's words", "provider_name": "x"},
    }  # fmt: skip
    async with opened(BY_NAME["openrouter"], fault=lambda _: json_answer({"error": said}, 403)) as (
        _,
        provider,
    ):
        with pytest.raises(ProviderRefused) as caught:
            await ask(provider)
    assert caught.value.field == "content"
    assert "caller" not in caught.value.message


async def test_an_account_without_credit_is_refused_by_its_key() -> None:
    broke = json_answer({"error": {"code": 402, "message": "Insufficient credits"}}, 402)
    async with opened(BY_NAME["openrouter"], fault=lambda _: broke) as (_, provider):
        with pytest.raises(ProviderRefused) as caught:
            await ask(provider)
    assert caught.value.field == "secret"


@every_preset
def test_vendors_need_a_key_and_servers_of_ones_own_an_address_that_may_be_reached(
    preset: ChatPreset,
) -> None:
    registry = ProviderRegistry(ProviderContext(), builtin_entries())
    entry = registry.find(ProviderKind.LLM, preset.name)
    assert entry is not None
    assert entry.secret_required == (preset.url is not None)
    assert ("base_url" in preset.settings_model.model_fields) == (preset.url is None)
