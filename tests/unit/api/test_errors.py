"""Every error of ours and of the framework becomes one shape; nothing is lost and nothing is told too much."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, field_validator, model_validator

from voice_ai_service import errors
from voice_ai_service.api.errors import ERROR_RESPONSES, answer_for, first_problem


def leaves(kind: type[errors.VoiceAiError]) -> Iterator[type[errors.VoiceAiError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from leaves(child)


KINDS = [kind for kind in leaves(errors.VoiceAiError) if kind is not errors.VoiceAiError]


def made(kind: type[errors.VoiceAiError], **more: Any) -> errors.VoiceAiError:
    if issubclass(kind, errors.ProviderError):
        return kind("it failed", provider="x", **more)
    return kind("it failed", **more)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_a_status_that_the_document_describes(kind: type[errors.VoiceAiError]) -> None:
    response = answer_for(made(kind, field="a.b", fix="do it"), "r1")
    assert response.status_code == kind.status
    assert kind.status in ERROR_RESPONSES
    assert json.loads(bytes(response.body)) == {
        "error": {
            "code": kind.code,
            "message": "it failed",
            "field": "a.b",
            "fix": "do it",
            "request_id": "r1",
        }
    }


def test_the_codes_are_stable_words_of_ours() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


def test_detail_is_never_in_an_answer() -> None:
    error = errors.ProviderRefused("it failed", provider="x", detail="sk-secret says: no")
    assert b"sk-secret" not in answer_for(error, None).body


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (1.6, "2"), (59.9, "60"), (None, None)])
def test_how_long_to_wait(seconds: float | None, header: str | None) -> None:
    for error in (
        errors.LimitReached("x", retry_after_s=seconds),
        errors.ProviderBusy("x", provider="y", retry_after_s=seconds),
    ):
        assert answer_for(error, None).headers.get("retry-after") == header


def test_further_fields_stand_beside_the_error() -> None:
    body = json.loads(bytes(answer_for(errors.NotFound("x"), None, {"said": "y"}).body))
    assert (body["error"]["code"], body["said"]) == ("not_found", "y")


class Inner(BaseModel):
    number: int

    @field_validator("number")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 0:
            raise ValueError("not below zero")
        return value


class Outer(BaseModel):
    path: Inner
    names: dict[str, Inner] = {}

    @model_validator(mode="after")
    def _agrees(self) -> Outer:
        if self.path.number > 9:
            raise ValueError("path.number: at most nine")
        return self


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({}, "path", "Field required"),
        ({"path": {"number": "x"}}, "path.number", "Input should be a valid integer"),
        ({"path": {"number": -1}}, "path.number", "Not below zero"),
        ({"path": {"number": 10}}, "path.number", "At most nine"),
        ({"path": {"number": 1}, "names": {"a b": {"number": -1}}}, "names.a b.number", "Not below zero"),
    ],
)
def test_the_field_is_named_as_the_client_spells_it(value: object, field: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(value)
    problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in refused.value.errors()]
    assert first_problem(problems)[0] == field
    assert first_problem(problems)[1].startswith(message)


def test_broken_json_and_nothing_at_all() -> None:
    broken = [{"type": "json_invalid", "loc": ("body", 17), "msg": "JSON decode error"}]
    assert first_problem(broken) == ("body", "This is not JSON, from character 17 on")
    assert first_problem([]) == ("body", "The request could not be read")
