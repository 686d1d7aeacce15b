"""Services beside the session's platform, on its database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from tests.component.api.background import BackgroundLoop
from tests.component.api.conftest import Platform
from tests.component.api.service_process import ServiceProcess
from tests.fakes.cuttable_line import CuttableLine, cuttable_line

_SOCKET = ".s.PGSQL.5432"


def another(platform: Platform, **settings: str) -> ServiceProcess:
    """`voice-ai serve` with the platform's keys; not started yet."""
    everything = {**platform.service.settings, "database_url": platform.database.service, **settings}
    return ServiceProcess(("serve",), platform.service.data_dir, everything)


@dataclass(frozen=True)
class CutOff:
    """A service whose line to the database can be cut."""

    service: ServiceProcess
    line: CuttableLine
    background: BackgroundLoop

    def cut(self) -> None:
        self.background.run(self.line.cut())

    def mend(self) -> None:
        self.background.run(self.line.mend())


@contextmanager
def with_a_line(platform: Platform, background: BackgroundLoop, **settings: str) -> Iterator[CutOff]:
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-line-"))
    url = urlsplit(platform.database.service)
    there = Path(unquote(url.query.removeprefix("host="))) / _SOCKET
    line = cuttable_line(folder / _SOCKET, there)
    opened = background.enter(line)
    host = quote(str(folder), safe="")
    service = another(platform, database_url=f"postgresql://{url.netloc}{url.path}?host={host}", **settings)
    try:
        yield CutOff(service.start(), opened, background)
    finally:
        service.stop_whatever_happened()
        background.leave(line)
        shutil.rmtree(folder, ignore_errors=True)
