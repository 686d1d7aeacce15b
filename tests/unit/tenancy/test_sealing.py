from __future__ import annotations

import base64
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_box_open
from nacl.public import PrivateKey
from pydantic import SecretStr

from voice_ai_service import errors
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.sealing import (
    Sealer,
    load_sealer,
    parse_key,
    replace_key_file,
    seal_with_public_key,
)

SEALER = Sealer(PrivateKey.generate())


def key_text() -> str:
    return base64.b64encode(bytes(PrivateKey.generate())).decode()


@given(st.text(max_size=300))
def test_what_is_sealed_opens_again(text: str) -> None:
    sealed = SEALER.seal(text)
    assert SEALER.open(sealed) == text
    assert SEALER.seal(text) != sealed
    assert text not in sealed or len(text) < 4


def test_whoever_has_the_public_key_can_seal_for_us() -> None:
    assert len(base64.b64decode(SEALER.public_key)) == 32
    assert SEALER.open(seal_with_public_key(SEALER.public_key, "sk-ação")) == "sk-ação"


def test_the_format_is_libsodiums_sealed_box() -> None:
    """Taken apart by hand, as PHP's sodium_crypto_box_seal documents it: an ephemeral public key, then a box under
    the nonce BLAKE2b-24(ephemeral key, our key)."""
    private = PrivateKey(bytes(range(32)))
    box = base64.b64decode(Sealer(private).seal("segredo"))
    ephemeral, ours = box[:32], bytes(private.public_key)
    nonce = hashlib.blake2b(ephemeral + ours, digest_size=24).digest()
    assert crypto_box_open(box[32:], nonce, ephemeral, bytes(private)) == b"segredo"


@pytest.mark.parametrize("damage", ["", "%%%", "YWJj", "A" * 100, None])
def test_another_key_or_damage_is_a_clear_error(damage: str | None) -> None:
    sealed = Sealer(PrivateKey.generate()).seal("sk-secret") if damage is None else damage
    with pytest.raises(errors.Unavailable) as caught:
        SEALER.open(sealed)
    said = f"{caught.value.message} {caught.value.fix}"
    assert "sk-secret" not in said
    assert "VOICE_AI_PREVIOUS_MASTER_KEYS" in said or "enter the secret again" in said


def test_one_flipped_bit_is_noticed() -> None:
    box = bytearray(base64.b64decode(SEALER.seal("secret")))
    box[-1] ^= 1
    with pytest.raises(errors.Unavailable):
        SEALER.open(base64.b64encode(box).decode())


def test_previous_keys_still_open_and_the_newest_seals() -> None:
    old, new = PrivateKey.generate(), PrivateKey.generate()
    sealed = Sealer(old).seal("secret")
    ring = Sealer(new, (old,))
    assert ring.open(sealed) == "secret"
    assert not ring.is_current(sealed)
    again = ring.seal("secret")
    assert ring.is_current(again)
    assert Sealer(new).open(again) == "secret"


def test_the_key_file_is_made_once_and_only_ours(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var")
    with ThreadPoolExecutor(8) as pool:
        made = {sealer.public_key for sealer in pool.map(load_sealer, [settings] * 16)}
    assert len(made) == 1
    file = tmp_path / "var" / "keys" / "master.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_a_new_key_file_keeps_the_old_ones_for_opening(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    sealed = []
    for _ in range(3):
        sealed.append(load_sealer(settings).seal("secret"))
        replace_key_file(tmp_path)
    ring = load_sealer(settings)
    assert [ring.open(text) for text in sealed] == ["secret"] * 3
    assert [ring.is_current(text) for text in sealed] == [False] * 3
    for file in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_from_the_settings_win_over_the_file(tmp_path: Path) -> None:
    current, previous = key_text(), key_text()
    settings = Settings(
        data_dir=tmp_path, master_key=SecretStr(current), previous_master_keys=SecretStr(f"{previous}, ")
    )
    ring = load_sealer(settings)
    assert ring.open(Sealer(parse_key(previous, "x")).seal("secret")) == "secret"
    assert not (tmp_path / "keys").exists()
    with pytest.raises(errors.NotFound):
        replace_key_file(tmp_path)


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), "é" * 44, "=" * 44])
def test_a_key_that_is_none_names_its_setting(tmp_path: Path, text: str) -> None:
    settings = Settings(data_dir=tmp_path, master_key=SecretStr(text))
    with pytest.raises(errors.InvalidInput) as caught:
        load_sealer(settings)
    assert caught.value.field == "VOICE_AI_MASTER_KEY"


def test_a_damaged_key_file_is_not_replaced(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    load_sealer(settings)
    file = tmp_path / "keys" / "master.key"
    file.write_text("")
    os.chmod(file, 0o600)
    with pytest.raises(errors.InvalidInput, match=r"master\.key"):
        load_sealer(settings)
    assert file.read_text() == ""
