"""Azure OpenAI in both its forms: OpenAI's API at other paths, under a deployment's name, with the key in a header."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import FakeOpenAi

KEY = "azure-correct"
DEPLOYMENT = "phone"
DEPLOYED = {"chat/completions": "gpt-4.1-mini", "embeddings": "text-embedding-3-small"}
API_VERSION = "2024-10-21"


@dataclass
class FakeAzureOpenAi(FakeOpenAi):
    """Answers as OpenAI's does, once path, version, deployment and key are right."""

    async def respond(self, request: Received) -> Answer:
        if request.headers.get("api-key") != KEY:
            self.requests.append(request)
            return error(401, "Access denied due to invalid subscription key.", "401")
        verb = self._verb(request)
        if verb is None:
            self.requests.append(request)
            return error(404, "The API deployment for this resource does not exist.", "DeploymentNotFound")
        asked = {**request.json, "model": DEPLOYED[verb]}
        inner = replace(
            request,
            path=f"/v1/{verb}",
            headers={**request.headers, "authorization": f"Bearer {OPENAI_KEY}"},
            body=json.dumps(asked).encode(),
        )
        answer = await super().respond(inner)
        self.requests[-1] = request
        return answer

    def _verb(self, request: Received) -> str | None:
        for verb in DEPLOYED:
            if request.path == f"/openai/deployments/{DEPLOYMENT}/{verb}?api-version={API_VERSION}":
                return verb
            if request.path == f"/openai/v1/{verb}" and request.json["model"] == DEPLOYMENT:
                return verb
        return None

    def chunks(self, model: str = "gpt-4.1-mini", usage: bool = True) -> list[dict[str, Any]]:
        """What the filter says of the prompt comes first, in a chunk without choices."""
        filtered = {
            "prompt_index": 0,
            "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}},
        }
        first = {
            "id": "",
            "object": "",
            "created": 0,
            "model": "",
            "choices": [],
            "prompt_filter_results": [filtered],
        }
        return [first, *super().chunks(model, usage)]


def error(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    return json_answer({"error": {"code": code or str(status), "message": message}}, status, headers)


def filtered_prompt(message: str) -> Answer:
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
    said = {
        "message": message, "type": None, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": inner,
    }  # fmt: skip
    return json_answer({"error": said}, 400)


@asynccontextmanager
async def fake_azure_openai(**more: Any) -> AsyncIterator[FakeAzureOpenAi]:
    fake = FakeAzureOpenAi(**more)
    async with serving(fake.respond) as address:
        fake.base_url = address
        yield fake
