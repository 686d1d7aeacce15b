"""Two domains with everything a tenant can have, made through the API, and a third that is switched off."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.component.api.api_client import ApiClient
from tests.component.api.owner import Owner
from voice_ai_service.tenancy.tenant import Scope

ADDRESS = "Ficamos na Avenida Paulista, número mil, no décimo andar."
ALL_SCOPES = tuple(scope.value for scope in Scope)
OPEN = {"always_open": True}


@dataclass
class TenantSetUp:
    """
    Attributes:
        admin: All scopes, bound to the domain.
        operator: The PBX's token, acting for the domain: what sets its limits.
        ids: What it has, by name: `secretary:8000`, `destination:financeiro`, `rule`, `provider`, `webhook`.
        webhook_secret: Shown once, when the webhook was made.
    """

    domain_uuid: UUID
    name: str
    admin: ApiClient
    operator: ApiClient
    ids: dict[str, str] = field(default_factory=dict)
    webhook_secret: str = ""

    def token(self, *scopes: str, name: str = "test") -> str:
        made: str = self.admin.post("/tokens", {"name": name, "scopes": list(scopes)})["token"]
        return made

    def acting(self, *scopes: str) -> ApiClient:
        """A client with a new token of these scopes only."""
        return self.admin.acting(self.token(*scopes))


def make_tenant(owner: Owner, pbx: ApiClient, name: str, **settings: object) -> TenantSetUp:
    """An empty domain with an administrator's token and room for a test's many requests."""
    domain_uuid = owner.make_domain(name)
    scoped = pbx.acting(pbx.token, domain_uuid)
    issued = scoped.post("/tokens", {"name": "administrator", "scopes": list(ALL_SCOPES)})
    tenant = TenantSetUp(domain_uuid, name, pbx.acting(issued["token"]), scoped)
    tenant.ids["token"] = issued["token_uuid"]
    for setting, value in {
        "requests_per_minute": 1_000_000,
        "max_concurrent_calls": 1000,
        **settings,
    }.items():
        tenant.operator.put(f"/settings/{setting}", {"value": value})
    return tenant


def add_secretary(
    tenant: TenantSetUp, extension: str, settings: Mapping[str, Any], *, name: str = "", publish: bool = True
) -> str:
    draft = {"name": name or f"S{extension}", "extension": extension, "settings": dict(settings)}
    made: str = tenant.admin.post("/secretaries", draft)["secretary_uuid"]
    if publish:
        tenant.admin.post(f"/secretaries/{made}/publish", {"note": "first"})
    tenant.ids[f"secretary:{extension}"] = made
    return made


def add_destination(tenant: TenantSetUp, name: str, number: str, *aliases: str) -> str:
    draft = {"name": name, "number": number, "aliases": list(aliases)}
    made: str = tenant.admin.post("/transfer-destinations", draft)["destination_uuid"]
    tenant.ids[f"destination:{name}"] = made
    return made


def ready_document(tenant: TenantSetUp, name: str, text: str) -> str:
    """A document that callers can be answered from; returns its uuid when the background work on it is done."""
    document = tenant.admin.ok("POST", "/documents", files={"file": (name, text.encode())})
    until = time.monotonic() + 30
    while document["status"] != "ready":
        assert document["status"] != "error", document
        assert time.monotonic() < until, document
        time.sleep(0.1)
        document = tenant.admin.get(f"/documents/{document['document_uuid']}")
    return str(document["document_uuid"])


def fill_clinic(tenant: TenantSetUp, webhook_url: str) -> None:
    """The domain that most calls go to: Portuguese first."""
    add_destination(tenant, "recepção", "2000", "atendente")
    finance = add_destination(tenant, "financeiro", "2001", "contas a pagar")
    rule = {"intent": "invoice", "phrases": ["segunda via do boleto"], "destination_uuid": finance}
    tenant.ids["rule"] = tenant.admin.post("/transfer-rules", rule)["rule_uuid"]
    add_secretary(tenant, "8000", CLARA, name="Clara")
    recorded = {**CLARA, "record_calls": True, "limits": {"max_turns": 2}}
    add_secretary(tenant, "8001", recorded, name="Rita")
    add_secretary(tenant, "8002", {"languages": ["pt-BR"]}, name="Fechada")
    takes_messages = {"languages": ["pt-BR"], "closed_action": {"kind": "message"}}
    add_secretary(tenant, "8003", takes_messages, name="Recado")
    add_secretary(tenant, "8010", CLARA, name="Rascunho", publish=False)
    switched_off = add_secretary(tenant, "8011", CLARA, name="Desligada")
    draft = {"name": "Desligada", "extension": "8011", "enabled": False, "settings": CLARA}
    tenant.admin.put(f"/secretaries/{switched_off}", draft)
    # Disabled, so that calls are answered by the embedded engines.
    provider = {"kind": "tts", "name": "openai", "secret": "sk-test-1234567890", "enabled": False}
    tenant.ids["provider"] = tenant.admin.post("/providers", provider)["provider_uuid"]
    hook = tenant.admin.post("/webhooks", {"name": "crm", "url": webhook_url})
    tenant.ids["webhook"], tenant.webhook_secret = hook["webhook_uuid"], hook["secret"]


def fill_rival(tenant: TenantSetUp) -> None:
    """A second domain with the same extension and other words: English."""
    add_destination(tenant, "sales", "3000")
    add_secretary(tenant, "8000", OLIVER, name="Oliver")


CLARA: dict[str, Any] = {
    "languages": ["pt-BR", "en"],
    "business_name": "Clínica Horizonte",
    "greeting": {"pt-BR": "Clínica Horizonte, bom dia!"},
    "facts": [
        {
            "topic": "endereço",
            "questions": {
                "pt-BR": ["qual é o endereço", "onde vocês ficam"],
                "en": ["where are you located"],
            },
            "answer": {"pt-BR": ADDRESS, "en": "We are at one thousand Paulista Avenue."},
        },
        {
            "topic": "preço da consulta",
            "questions": {"pt-BR": ["quanto custa a consulta", "qual é o preço da consulta"]},
            "answer": {"pt-BR": "A consulta custa duzentos e cinquenta reais."},
        },
    ],
    "hours": OPEN,
    "fallback": {"kind": "transfer", "destination": "recepção"},
    "dtmf": {
        "0": {"action": "transfer", "destination": "recepção"},
        "1": {"action": "hours"},
        "9": {"action": "message"},
        "*": {"action": "repeat"},
    },
}
OLIVER: dict[str, Any] = {
    "languages": ["en"],
    "business_name": "Rival Clinic",
    "greeting": {"en": "Rival Clinic, good morning."},
    "facts": [
        {
            "topic": "our address",
            "questions": {"en": ["where are you located"]},
            "answer": {"en": "We are in Cedar Street."},
        }
    ],
    "hours": OPEN,
}
