"""The vendors of voices as their public references describe them. What is asked is checked as the real ones check it.

Each answers with the same tone; how it misbehaves on the wire is the same for all (`HttpVendor.fault`, `Manners`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.tones import tone
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.wav import write_wav

VENDOR_TEXT = "Sorry, +55 11 99999-8888, our sk-secret engine is on fire"
KEY = "key-correct"
AWS_KEY = "AKIAEXAMPLE:wJalrXUtnFEMI/EXAMPLE"
TONE_HZ = 440.0
SPEECH_MS = 400

Fault = Callable[[Answer], Answer]


class RefusedError(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass
class HttpVendor:
    """One vendor's HTTP API.

    Attributes:
        fault: Applied to every answer.
        said: The texts that were to be spoken, without markup.
    """

    fault: Fault = lambda answer: answer
    requests: list[Received] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    base_url: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        try:
            answer = self.answer(request)
        except RefusedError as refused:
            answer = refused.answer
        return self.fault(answer)

    def answer(self, request: Received) -> Answer:
        raise NotImplementedError

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The vendor's own error answer."""
        raise NotImplementedError

    def need(self, met: bool, status: int, message: str) -> None:
        if not met:
            raise RefusedError(self.error(status, message))


def samples_of(rate_hz: int) -> bytes:
    return tone(SPEECH_MS, rate_hz, TONE_HZ)


def pcm(rate_hz: int, kind: str = "audio/pcm") -> Answer:
    """Odd pieces: nothing promises that a chunk ends with a sample."""
    samples = samples_of(rate_hz)
    return Answer(
        200, {"content-type": kind}, tuple(samples[at : at + 1001] for at in range(0, len(samples), 1001))
    )


def cut_in_pieces(answer: Answer) -> Answer:
    """A whole body as several pieces, for faults in its middle."""
    if not answer.whole:
        return answer
    body = b"".join(answer.pieces)
    size = max(1, len(body) // 6)
    return Answer(
        answer.status, answer.headers, tuple(body[at : at + size] for at in range(0, len(body), size))
    )


class AzureVendor(HttpVendor):
    FORMATS = {  # noqa: RUF012
        "raw-8khz-16bit-mono-pcm": 8000, "raw-16khz-16bit-mono-pcm": 16000, "raw-24khz-16bit-mono-pcm": 24000,
        "raw-48khz-16bit-mono-pcm": 48000,
    }  # fmt: skip

    def answer(self, request: Received) -> Answer:
        headers = request.headers
        self.need(headers.get("ocp-apim-subscription-key") == KEY, 401, "Access denied")
        self.need(request.method == "POST" and request.path == "/cognitiveservices/v1", 404, "Not found")
        self.need(headers["content-type"] == "application/ssml+xml", 415, "Unsupported media type")
        self.need(headers.get("x-microsoft-outputformat") in self.FORMATS, 400, "Unsupported output format")
        self.need(bool(headers.get("user-agent")), 400, "User-Agent is required")
        document = ElementTree.fromstring(request.body)
        spoken = "{http://www.w3.org/2001/10/synthesis}"
        self.need(document.tag == f"{spoken}speak" and document.get("version") == "1.0", 400, "Bad document")
        voice = document.find(f"{spoken}voice")
        self.need(
            voice is not None and str(voice.get("name")).endswith("Neural"), 400, "Unsupported voice nobody."
        )
        self.said.append("".join(document.itertext()))
        return pcm(self.FORMATS[headers["x-microsoft-outputformat"]])

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        return Answer(
            status, {"content-type": "text/plain", **(headers or {})}, (message.encode(),), whole=True
        )


class GoogleVendor(HttpVendor):
    STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",  # noqa: RUF012
                429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}  # fmt: skip

    def answer(self, request: Received) -> Answer:
        self.need(request.path == "/text:synthesize", 404, "Not found")
        self.need(request.headers.get("x-goog-api-key") == KEY, 401, "API key not valid.")
        asked = request.json
        self.need(asked.keys() == {"input", "voice", "audioConfig"}, 400, "Unknown name")
        config, voice = asked["audioConfig"], asked["voice"]
        self.need(config["audioEncoding"] == "LINEAR16", 400, "Bad encoding")
        self.need(0.25 <= config.get("speakingRate", 1.0) <= 2.0, 400, "Bad rate")
        self.need(voice["name"].startswith(voice["languageCode"]), 400, "Voice 'nobody' does not exist.")
        text = asked["input"].get("text")
        if text is None:
            text = "".join(ElementTree.fromstring(asked["input"]["ssml"]).itertext())
        self.said.append(text)
        rate_hz = config["sampleRateHertz"]
        wav = write_wav(PcmAudio(samples_of(rate_hz), rate_hz))
        return json_answer({"audioContent": base64.b64encode(wav).decode()})

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        name = self.STATUSES.get(status, "UNKNOWN")
        return json_answer({"error": {"code": status, "message": message, "status": name}}, status, headers)


class PollyVendor(HttpVendor):
    def answer(self, request: Received) -> Answer:
        self._check_signature(request)
        self.need(request.path == "/v1/speech", 404, "Not found")
        asked = request.json
        known = {
            "Engine",
            "LanguageCode",
            "LexiconNames",
            "OutputFormat",
            "SampleRate",
            "Text",
            "TextType",
            "VoiceId",
        }
        self.need(asked.keys() <= known and asked["OutputFormat"] == "pcm", 400, "Bad request")
        self.need(asked["SampleRate"] in ("8000", "16000"), 400, "Invalid sample rate")
        voice = "1 validation error: Value 'nobody' at 'voiceId' failed to satisfy constraint"
        self.need(asked["VoiceId"] in ("Camila", "Joanna"), 400, voice)
        text = asked["Text"]
        if asked["TextType"] == "ssml":
            text = "".join(ElementTree.fromstring(text).itertext())
        self.said.append(text)
        return pcm(int(asked["SampleRate"]))

    def _check_signature(self, request: Received) -> None:
        """Signature Version 4 as its public description computes it; nothing of ours is used."""
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/polly/aws4_request, ?"
            r"SignedHeaders=([^,]+), ?Signature=(\w+)",
            request.headers.get("authorization", ""),
        )
        self.need(found is not None, 403, "Missing Authentication Token")
        assert found is not None
        key_id, day, region, signed, signature = found.groups()
        secret = AWS_KEY.split(":")[1]
        canonical = "\n".join(
            (
                request.method,
                request.path,
                "",
                *(f"{name}:{request.headers[name]}" for name in signed.split(";")),
                "",
                signed,
                hashlib.sha256(request.body).hexdigest(),
            )
        )
        to_sign = "\n".join(
            (
                "AWS4-HMAC-SHA256",
                request.headers["x-amz-date"],
                f"{day}/{region}/polly/aws4_request",
                hashlib.sha256(canonical.encode()).hexdigest(),
            )
        )
        key = f"AWS4{secret}".encode()
        for part in (day, region, "polly", "aws4_request", to_sign):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        self.need(
            key_id == AWS_KEY.split(":")[0] and key.hex() == signature, 403, "The signature does not match"
        )

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        kinds = {400: "ValidationException", 403: "UnrecognizedClientException", 429: "ThrottlingException"}
        kind = {"x-amzn-errortype": kinds.get(status, "ServiceFailureException")}
        return json_answer({"message": message}, status, {**kind, **(headers or {})})


class PlayHtVendor(HttpVendor):
    def answer(self, request: Received) -> Answer:
        self.need(request.path == "/api/v2/tts/stream", 404, "Not found")
        headers = request.headers
        self.need(
            headers.get("authorization") == KEY and headers.get("x-user-id") == "user-1", 401, "Unauthorized"
        )
        asked = request.json
        self.need(
            asked["output_format"] == "raw" and asked["voice_engine"] == "Play3.0-mini", 400, "Bad format"
        )
        self.need(asked["language"] in ("portuguese", "english"), 400, "Bad language")
        if not asked["voice"].startswith("s3://"):
            raise RefusedError(json_answer({"error_message": "Bad voice", "error_id": "INVALID_VOICE"}, 400))
        self.said.append(asked["text"])
        return pcm(asked["sample_rate"], "audio/basic")

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        return json_answer({"error_message": message, "error_id": "FAILED"}, status, headers)


class CoquiVendor(HttpVendor):
    """The key is the proxy's before it."""

    def answer(self, request: Received) -> Answer:
        self.need(request.headers.get("authorization") == f"Bearer {KEY}", 401, "Unauthorized")
        self.need(request.path == "/api/tts", 404, "Not found")
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.need(bool(form.get("text", "").strip()), 400, "Text parameter is required")
        self.said.append(form["text"])
        wav = write_wav(PcmAudio(samples_of(22050), 22050))
        return Answer(200, {"content-type": "audio/wav"}, (wav,), whole=True)

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        return json_answer({"error": message}, status, headers)


class ElevenLabsHttpVendor(HttpVendor):
    def answer(self, request: Received) -> Answer:
        self.need(request.headers.get("xi-api-key") == KEY, 401, "Invalid API key")
        parts = urlsplit(request.path)
        found = re.fullmatch(r"/v1/text-to-speech/([^/]+)/stream", parts.path)
        self.need(found is not None, 404, "Not found")
        assert found is not None
        if found[1] != "voice1":
            raise RefusedError(self._error(404, "A voice was not found", "voice_not_found"))
        rate = re.fullmatch(r"pcm_(\d+)", parse_qs(parts.query)["output_format"][0])
        self.need(rate is not None and {"text", "model_id"} <= request.json.keys(), 422, "Bad request")
        assert rate is not None
        self.said.append(request.json["text"])
        return pcm(int(rate[1]))

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._error(status, message, "invalid_api_key" if status == 401 else "failed", headers)

    def _error(
        self, status: int, message: str, kind: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return json_answer({"detail": {"status": kind, "message": message}}, status, headers)


class OpenAiVoiceVendor(HttpVendor):
    def answer(self, request: Received) -> Answer:
        self.need(request.headers.get("authorization") == f"Bearer {KEY}", 401, "Incorrect API key")
        self.need(request.path == "/v1/audio/speech", 404, "Not found")
        asked: dict[str, Any] = request.json
        self.need(asked["response_format"] == "pcm" and 0.25 <= asked["speed"] <= 4.0, 400, "Bad request")
        if asked["voice"] not in ("pf_dora", "af_heart"):
            raise RefusedError(json_answer({"error": {"message": "No such voice", "param": "voice"}}, 400))
        self.said.append(asked["input"])
        return pcm(24000)

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        return json_answer({"error": {"message": message, "type": "error", "param": None}}, status, headers)


@asynccontextmanager
async def serving_http(vendor: HttpVendor) -> AsyncIterator[HttpVendor]:
    async with serving(vendor.respond) as address:
        vendor.base_url = address
        yield vendor


def dumped(message: object) -> str:
    return json.dumps(message)
