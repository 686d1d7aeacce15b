"""What the page's form makes is what the service takes."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.unit.fusionpbx_app.conftest import RunPhp
from voice_ai_service.calls.secretary import SecretarySettings

STT = str(uuid4())
SCRIPT = """
$settings = voice_secretary_settings::from_post($input['post'], $input['stored'], $input['providers'], ['financeiro']);
echo json_encode(voice_secretary_settings::encode($settings));
"""


def settings_of(
    run_php: RunPhp, post: dict[str, Any], stored: dict[str, Any] | None = None
) -> SecretarySettings:
    given = {"post": post, "stored": stored or {}, "providers": {STT: "stt"}}
    return SecretarySettings.model_validate_json(run_php(SCRIPT, given))


def test_an_empty_form_is_a_secretary_of_defaults_that_is_closed(run_php: RunPhp) -> None:
    made = settings_of(run_php, {})
    assert made == SecretarySettings(disclosure=False)
    assert made.hours is None


def test_a_full_form_arrives_whole(run_php: RunPhp) -> None:
    made = settings_of(
        run_php,
        {
            "language": "pt-BR",
            "also_en": "true",
            "greeting_pt-BR": 'Olá "tudo" <b> ${x}',
            "greeting_en": "Hello",
            "farewell_en": "only in the second language: dropped",
            "hours_kind": "week",
            "week": {"mon": [{"opens": "08:00", "closes": "12:00"}, {"opens": "13:00", "closes": "18:00"}]},
            "exceptions": [{"day": "2026-12-24", "opens": "08:00", "closes": "12:00", "name": "Natal"}],
            "holidays_country": "br",
            "holidays_subdivision": "sp",
            "hours_time_zone": "America/Sao_Paulo",
            "facts": [
                {"topic": "preço", "questions_pt-BR": "quanto custa\nqual o preço", "answer_pt-BR": "R$ 1"}
            ],
            "fallback": "transfer",
            "fallback_destination": "financeiro",
            "dtmf": {"1": {"action": "transfer", "destination": "financeiro"}, "0": {"action": "repeat"}},
            "provider_stt_first": STT,
            "record_calls": "true",
            "limits_max_turns": "7",
        },
    )
    assert made.languages == ("pt-BR", "en")
    assert made.greeting == {"pt-BR": 'Olá "tudo" <b> ${x}', "en": "Hello"}
    assert made.farewell == {}
    assert made.hours is not None
    assert len(made.hours.week["mon"]) == 2
    assert made.hours.holidays_subdivision == "SP"
    assert made.facts[0].questions == {"pt-BR": ("quanto custa", "qual o preço")}
    assert made.fallback.destination == "financeiro"
    assert made.dtmf.keys() == {"1", "0"}
    assert [str(one) for one in made.providers.stt] == [STT]
    assert (made.record_calls, made.limits.max_turns) == (True, 7)


def test_forged_values_are_not_taken(run_php: RunPhp) -> None:
    made = settings_of(
        run_php,
        {
            "language": "xx",
            "fallback": "transfer",
            "fallback_destination": "another domain's",
            "provider_stt_first": str(uuid4()),
            "provider_llm_first": STT,
            "dtmf": {"1": {"action": "system", "destination": "x"}, "9": "text"},
            "limits_max_turns": "999999",
            "persona": ["a", "list"],
            "facts": "no list",
            "week": {"mon": "no list"},
            "hours_kind": "week",
        },
    )
    assert made.languages == ("pt-BR",)
    assert made.fallback.kind == "hangup"
    assert made.providers.stt == made.providers.llm == ()
    assert made.dtmf == {}
    assert made.limits.max_turns == 100


def test_what_the_form_does_not_show_is_kept(run_php: RunPhp) -> None:
    stored = json.loads(SecretarySettings(turn_taking={"backchannels": ["pois não"]}).model_dump_json())
    assert settings_of(run_php, {}, stored).turn_taking.backchannels == ("pois não",)
