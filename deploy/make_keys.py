"""First start of the compose file: passwords and keys that nobody has to think up, made once, kept in two volumes.

`/keys/owner` is mounted by the database and the migrations only; `/keys/service` also by the service.
"""

import base64
import secrets
from pathlib import Path

OWNER = Path("/keys/owner")
SERVICE = Path("/keys/service")
SERVER = "postgres/voice_ai"


def keep(path: Path, text: str) -> None:
    """Written once: a key that changes would lock everybody out."""
    if not path.exists():
        path.write_text(text)
        # The volume is the wall: PostgreSQL and the service read it as different users.
        path.chmod(0o444)


def main() -> None:
    keep(OWNER / "password", secrets.token_urlsafe(32))
    keep(SERVICE / "password", secrets.token_urlsafe(32))
    owner, service = (OWNER / "password").read_text(), (SERVICE / "password").read_text()
    keep(
        OWNER / "owner.env",
        f"VOICE_AI_OWNER_DATABASE_URL=postgresql://voice_ai_owner:{owner}@{SERVER}\n"
        f"VOICE_AI_DATABASE_URL=postgresql://voice_ai:{service}@{SERVER}\n",
    )
    keep(
        SERVICE / "service.env",
        f"VOICE_AI_DATABASE_URL=postgresql://voice_ai:{service}@{SERVER}\n"
        f"VOICE_AI_MASTER_KEY={base64.b64encode(secrets.token_bytes(32)).decode()}\n",
    )


main()
