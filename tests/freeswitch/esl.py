"""FreeSWITCH's event socket, as much of it as a test needs: one `api` command after the other."""

from __future__ import annotations

import socket
from types import TracebackType


class EslError(Exception):
    """It said no, or nothing."""


class Esl:
    """Use as a context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 8021, password: str = "ClueCon") -> None:
        self._address, self._password = (host, port), password

    def __enter__(self) -> Esl:
        self._socket = socket.create_connection(self._address, timeout=30)
        self._stream = self._socket.makefile("rb")
        self._read()
        self._socket.sendall(f"auth {self._password}\n\n".encode())
        if not self._read()[0].get("Reply-Text", "").startswith("+OK"):
            raise EslError("the password is wrong")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def api(self, command: str) -> str:
        self._socket.sendall(f"api {command}\n\n".encode())
        return self._read()[1].decode("utf-8", "replace").strip()

    def _read(self) -> tuple[dict[str, str], bytes]:
        headers: dict[str, str] = {}
        while True:
            line = self._stream.readline()
            if not line:
                raise EslError("the connection is closed")
            if line == b"\n":
                if headers:
                    break
                continue
            name, _, value = line.decode("utf-8", "replace").strip().partition(": ")
            headers[name] = value
        return headers, self._stream.read(int(headers.get("Content-Length", "0")))
