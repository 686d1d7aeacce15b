from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor

from voice_ai_service.net import certificates


def test_all_connections_share_one_reading_of_the_certificates_and_check_them() -> None:
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: certificates.trusted(), range(32)))
    assert len({id(context) for context in read}) == 1
    assert read[0].verify_mode is ssl.CERT_REQUIRED
    assert read[0].check_hostname
