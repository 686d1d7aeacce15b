"""Recordings in a store that speaks S3 (AWS, MinIO, Ceph, ...), with boto3: the `s3` extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.settings import Settings

_TRIES: Final = 4
_CONNECT_S: Final = 3
_READ_S: Final = 20
_WAV: Final = "audio/wav"


@contextmanager
def _translated(message: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(message, detail=str(error)) from error


class S3Store:
    """Implements `recordings.ObjectStore`. Methods block.

    Args:
        client: A boto3 S3 client.
        prefix: What all keys begin with, without a slash at its end; may be empty.
    """

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def put(self, key: str, content: BinaryIO) -> str:
        key = self._prefix + key
        with _translated("the recordings' store did not take a file"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=_WAV)
        return f"s3://{self._bucket}/{key}"

    def remove(self, prefix: str) -> int:
        removed = 0
        with _translated("the recordings' store did not remove files"):
            for keys in self._pages(self._prefix + prefix):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
                if answer.get("Errors"):
                    raise Unavailable("the recordings' store did not remove all files")
                removed += len(keys)
        return removed

    def _pages(self, prefix: str) -> Iterator[list[str]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            if keys := [found["Key"] for found in page.get("Contents", ())]:
                yield keys


def store_of(settings: Settings) -> S3Store | None:
    """The store that the settings name, or None. Takes a moment: boto3 reads its own models.

    Raises:
        InvalidInput: boto3 is not installed, or the address is none.
    """
    if settings.recordings_bucket is None:
        return None
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise InvalidInput(
            "recordings cannot go to a bucket: boto3 is not installed",
            field="VOICE_AI_RECORDINGS_BUCKET",
            fix="pip install 'voice-ai[s3]'",
        ) from None
    access, secret = settings.recordings_access_key, settings.recordings_secret_key
    config = Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
        s3={"addressing_style": "path" if settings.recordings_endpoint_url else "auto"},
        # Checksum trailers are AWS's own; other stores refuse them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        client = boto3.client(
            "s3",
            endpoint_url=settings.recordings_endpoint_url,
            region_name=settings.recordings_region,
            aws_access_key_id=access.get_secret_value() if access else None,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            config=config,
        )
    except ValueError as error:
        raise InvalidInput(
            "the recordings' store has no usable address",
            field="VOICE_AI_RECORDINGS_ENDPOINT_URL",
            fix="such as https://minio.example.com",
            detail=str(error),
        ) from error
    return S3Store(client, settings.recordings_bucket, settings.recordings_prefix)
