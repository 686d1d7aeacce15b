"""Azure OpenAI's two forms of addresses, which its chat and its embeddings share.

With `api_version` the deployment is part of the path (`/openai/deployments/<deployment>/…?api-version=…`); without
it, it is the request's model (`/openai/v1/…`). The key is a header of its own in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import StringConstraints

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings
from voice_ai_service.providers.vendor_wire import VendorAddress, VendorWire, open_vendor_wire

NAME: Final = "azure_openai"
_V1: Final = "/openai/v1"

ApiVersion = Annotated[str, StringConstraints(pattern=r"^20\d\d-\d\d-\d\d(-preview)?$")]
Deployment = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class AzureResource(ProviderSettings):
    """
    Attributes:
        base_url: The resource's endpoint, such as `https://example.openai.azure.com`.
        deployment: The name that the model was deployed under.
        api_version: Such as `2024-10-21`; None: the v1 API, which has none.
    """

    base_url: BaseUrl
    deployment: Deployment
    api_version: ApiVersion | None = None


@dataclass(frozen=True, slots=True)
class AzureWire:
    """`query` goes behind every path; the wire is closed by whoever opened it."""

    wire: VendorWire
    query: str


async def open_azure(settings: AzureResource, secret: str | None, context: ProviderContext) -> AzureWire:
    """Raises ProviderRefused without a key, and for an address that is none."""
    if not secret:
        raise ProviderRefused("Azure OpenAI needs a key.", provider=NAME, field="secret")
    endpoint = settings.base_url.removesuffix(_V1)
    path, query = _V1, ""
    if settings.api_version is not None:
        path = f"/openai/deployments/{quote(settings.deployment)}"
        query = f"?api-version={settings.api_version}"
    address = VendorAddress(endpoint + path, True, {"api-key": secret})
    return AzureWire(await open_vendor_wire(NAME, address, settings.timeouts, context), query)
