"""Certificates' URIs and the services that they stand for, as settings write them."""

import pytest

from core.config.loading import ConfigurationRefused, load
from core.config.service_identities import ServiceIdentity

TRADING = "spiffe://pandora.exchange/trading"


def _problems(**variables: str) -> str:
    with pytest.raises(ConfigurationRefused) as refusal:
        load({"APP_ENV": "prod", **variables})
    return str(refusal.value)


def test_an_identity_is_a_uri_and_a_name_and_perhaps_the_only_rpcs() -> None:
    assert ServiceIdentity.parse(f"{TRADING} trading") == ServiceIdentity(
        uri=TRADING, name="trading", rpcs=None
    )
    narrow = ServiceIdentity.parse(f"{TRADING} trading UserService/GetUser KycService/GetKyc")
    assert narrow.rpcs == frozenset({"UserService/GetUser", "KycService/GetKyc"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        TRADING,
        f"{TRADING} Trading",
        f"{TRADING} trading GetUser",
        f"{TRADING} trading *",
        "trading trading",
        "pandora.exchange/trading trading",
        f"{TRADING} service:trading",
        f"{TRADING}, trading",
    ],
)
def test_what_is_no_identity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ServiceIdentity.parse(text)


@pytest.mark.parametrize("text", [TRADING, f"{TRADING} trading, {TRADING} custody"])
def test_what_cannot_be_a_mapping_stops_the_start(text: str) -> None:
    assert "PANDORA_SERVICES__IDENTITIES must" in _problems(PANDORA_SERVICES__IDENTITIES=text)


def test_nobody_both_forwards_for_others_and_is_a_service() -> None:
    problems = _problems(
        PANDORA_SERVICES__IDENTITIES=f"{TRADING} trading",
        PANDORA_CORE__TRUSTED_PEERS=f"unix:, {TRADING}",
    )
    assert f"must not both name {TRADING}" in problems


def test_identities_are_good_for_nothing_where_no_certificate_is_asked_for() -> None:
    with pytest.raises(ConfigurationRefused, match=r"needs core\.tls_client_ca_file"):
        load({"APP_ENV": "dev", "PANDORA_SERVICES__IDENTITIES": f"{TRADING} trading"})


@pytest.mark.parametrize("peer", ["spiffe:gateway", "gateway", "*", "spiffe://", "10.0.0.1/8"])
def test_a_trusted_peer_is_a_network_a_uri_or_the_socket(peer: str) -> None:
    assert "PANDORA_CORE__TRUSTED_PEERS must be" in _problems(PANDORA_CORE__TRUSTED_PEERS=peer)
