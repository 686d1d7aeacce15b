from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from voice_ai_service.crm.webhook import WebhookDraft

GOOD: dict[str, Any] = {"name": "CRM", "url": "https://crm.example/hook"}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": " "},
        {"url": ""},
        {"kind": "other"},
        {"events": ["call_started"]},
        {"headers": {"X-A": "line\r\nX-B: injected"}},
        {"headers": {"X-A\r\n": "1"}},
        {"headers": {"X A": "1"}},
        {"headers": {"": "1"}},
        {"headers": {"X-A": ""}},
        {"headers": {"X-A": "á"}},
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": {"HOST": "internal"}},
        {"headers": {"webhook-signature": "v1,x"}},
        {"headers": {"Content-Length": "0"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {f"X-{number}": "1" for number in range(21)}},
        {"token": ""},
        {"token": "a b"},
        {"token": "a\nb"},
        {"kind": "omniplay"},
        {"unknown": 1},
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookDraft.model_validate(GOOD | changes)


def test_omniplay_needs_to_know_the_company() -> None:
    draft = WebhookDraft.model_validate(GOOD | {"kind": "omniplay", "headers": {"x-company-id": "7"}})
    assert draft.headers == {"x-company-id": "7"}


def test_a_token_is_not_printed() -> None:
    assert "hidden" not in repr(WebhookDraft.model_validate(GOOD | {"token": "hidden"}))
