from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from voice_ai_service.calls.secretary import SecretarySettings, Sensitivity, TurnTaking


def test_versions_stored_before_it_existed_are_read() -> None:
    stored = json.loads(SecretarySettings(business_name="Clínica").model_dump_json())
    del stored["turn_taking"]
    assert SecretarySettings.model_validate(stored).turn_taking == TurnTaking()


def test_it_survives_being_stored() -> None:
    wanted = SecretarySettings(
        turn_taking=TurnTaking(sensitivity=Sensitivity.LOW, backchannels=("pois não",))
    )
    assert SecretarySettings.model_validate_json(wanted.model_dump_json()) == wanted


@pytest.mark.parametrize(
    "settings",
    [{"pause_ms": 300, "end_silence_ms": 200}, {"sensitivity": "deaf"}, {"min_words": -1}, {"typo": 1}],
)
def test_what_cannot_be_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TurnTaking.model_validate(settings)
