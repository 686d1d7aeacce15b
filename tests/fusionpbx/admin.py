"""A tenant's administrator before FusionPBX's pages, as a browser without scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

import httpx

NOTICE = re.compile(r"(Warning|Notice|Deprecated|Fatal error|Parse error)\b(</b>)?:[^\n]{0,300}")
_TOKEN = re.compile(r"<input type='hidden' name='([0-9a-f]{64})' value='([0-9a-f]{64})'>")


@dataclass(frozen=True)
class Admin:
    http: httpx.Client

    @classmethod
    def logged_in(cls, url: str) -> Admin:
        """Raises AssertionError where the name or the password is refused."""
        parts = urlsplit(url)
        http = httpx.Client(
            base_url=f"{parts.scheme}://{parts.hostname}:{parts.port or 80}",
            follow_redirects=True,
            timeout=30,
            # FusionPBX itself complains of names that are no browser's.
            headers={
                "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
            },
        )
        try:
            token = _TOKEN.search(http.get("/login.php").text)
            assert token is not None, "no login page"
            names = {"username": parts.username or "", "password": parts.password or ""}
            http.post("/login.php", data={**names, token[1]: token[2]})
            admin = cls(http)
            assert "voice_tabs" in admin.page("voice_secretaries.php"), f"{parts.username} does not get in"
        except BaseException:
            http.close()
            raise
        return admin

    def get(self, path: str) -> httpx.Response:
        return self.http.get(f"/app/voice_secretary/{path}")

    def page(self, path: str) -> str:
        """A page's text; raises AssertionError where PHP complained."""
        return self._clean(self.get(path))

    def post(self, path: str, fields: dict[str, str], *, token_from: str | None = None) -> httpx.Response:
        """Posts with a token that this session was given by `token_from`, by default the page itself."""
        token = _TOKEN.search(self.page(token_from or path))
        assert token is not None, f"no token on {token_from or path}"
        return self.post_as_is(path, {**fields, token[1]: token[2]})

    def post_as_is(self, path: str, fields: dict[str, str]) -> httpx.Response:
        answer = self.http.post(f"/app/voice_secretary/{path}", data=fields)
        self._clean(answer)
        return answer

    def uuids(self, list_page: str) -> dict[str, str]:
        """What a list shows: text of each row's link to its uuid."""
        found = re.findall(r"<a href='\w+\.php\?id=([0-9a-f-]{36})'>([^<]*)</a>", self.page(list_page))
        return {unescape(name): uuid for uuid, name in found}

    def fields(self, path: str) -> dict[str, str]:
        """Values of an edit page's inputs and text areas."""
        page = self.page(path)
        values = dict(re.findall(r"<input class='formfld' name='([^']+)'[^>]*? value=\"([^\"]*)\"", page))
        values |= dict(re.findall(r"<textarea class='formfld' name='([^']+)'[^>]*>([^<]*)</textarea>", page))
        return {name: unescape(value) for name, value in values.items()}

    @staticmethod
    def _clean(answer: httpx.Response) -> str:
        complaint = NOTICE.search(answer.text)
        assert complaint is None, f"{answer.url}: {complaint[0] if complaint else ''}"
        return answer.text
