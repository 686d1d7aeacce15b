"""A real FusionPBX with the app installed and two domains, each with an administrator.

    VOICE_AI_TEST_FUSIONPBX="http://gerente:secret@empresa.local:8088 http://chefe:secret@outra.local:8088"

The service need not run. What is made is deleted again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.fusionpbx.admin import Admin

VARIABLE = "VOICE_AI_TEST_FUSIONPBX"


@pytest.fixture(scope="session")
def admins() -> Iterator[tuple[Admin, Admin]]:
    named = os.environ.get(VARIABLE, "").split()
    if len(named) != 2:
        pytest.skip(
            f"{VARIABLE} does not name two administrators of a FusionPBX; see tests/fusionpbx/conftest.py"
        )
    first, second = (Admin.logged_in(url) for url in named)
    try:
        yield first, second
    finally:
        first.http.close()
        second.http.close()


@pytest.fixture(scope="session")
def owner(admins: tuple[Admin, Admin]) -> Admin:
    return admins[0]


@pytest.fixture(scope="session")
def rival(admins: tuple[Admin, Admin]) -> Admin:
    return admins[1]
