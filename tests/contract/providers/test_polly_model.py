"""What Polly is asked, held against the service's public model as botocore carries it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voice_ai_service.providers.tts.polly import PollyDialect, PollySettings
from voice_ai_service.providers.tts.seam import TtsOptions

botocore_session = pytest.importorskip("botocore.session")
validate = pytest.importorskip("botocore.validate")


@pytest.mark.parametrize("engine", ["standard", "neural", "long-form", "generative"])
@pytest.mark.parametrize("text", ["Bom dia.", 'Bom<break time="1s"/> dia & <emphasis>tchau</emphasis>.'])
@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_a_request_is_one_of_the_model(engine: Any, text: str, speed: float) -> None:
    operation = botocore_session.get_session().get_service_model("polly").operation_model("SynthesizeSpeech")
    dialect = PollyDialect(PollySettings(engine=engine))
    request = dialect.request(text, TtsOptions("pt-BR", speed=speed), 8000)
    asked = json.loads(request.body)
    assert not validate.ParamValidator().validate(asked, operation.input_shape).generate_report()
    assert request.path == operation.http["requestUri"]
    for member in ("Engine", "OutputFormat", "TextType"):
        assert asked[member] in operation.input_shape.members[member].enum
    assert asked["VoiceId"] in operation.input_shape.members["VoiceId"].enum
