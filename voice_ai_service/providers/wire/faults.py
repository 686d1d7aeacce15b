"""Vendors' failures as errors of ours. Their own text goes to `detail` only."""

from __future__ import annotations

from voice_ai_service.errors import ProviderBusy, ProviderRefused, ProviderTimeout, ProviderUnavailable

_MAX_DETAIL = 500


def busy(provider: str, detail: str = "", retry_after_s: float | None = None) -> ProviderBusy:
    return ProviderBusy(
        f"The provider {provider} is busy.",
        provider=provider,
        detail=detail[:_MAX_DETAIL],
        retry_after_s=retry_after_s,
    )


def gone(provider: str, detail: str = "") -> ProviderUnavailable:
    return ProviderUnavailable(
        f"The provider {provider} cannot be reached or failed.",
        provider=provider,
        detail=detail[:_MAX_DETAIL],
    )


def silent(provider: str, detail: str = "") -> ProviderTimeout:
    return ProviderTimeout(
        f"The provider {provider} took too long.", provider=provider, detail=detail[:_MAX_DETAIL]
    )


def refused(
    provider: str, does: str, *, detail: str = "", field: str | None = None, fix: str | None = None
) -> ProviderRefused:
    """`does`: the rest of "The provider x ..."."""
    return ProviderRefused(
        f"The provider {provider} {does}.",
        provider=provider,
        detail=detail[:_MAX_DETAIL],
        field=field,
        fix=fix,
    )


def bad_key(provider: str, detail: str = "") -> ProviderRefused:
    return refused(
        provider,
        "refuses the key",
        detail=detail,
        field="secret",
        fix="Check the key, and what the account may use.",
    )


def no_credit(provider: str, detail: str = "") -> ProviderRefused:
    return refused(
        provider, "has no credit left", detail=detail, field="secret", fix="Top up the provider's account."
    )


def no_model(provider: str, detail: str = "") -> ProviderRefused:
    return refused(
        provider,
        "does not know the model or the address",
        detail=detail,
        field="settings.model",
        fix="Check model and address.",
    )
