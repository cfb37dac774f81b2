"""OpenBao issues what the stack shows: to whom, for what, and again in time."""

import ssl
import stat
from datetime import timedelta

import hvac
import pytest
from cryptography import x509
from cryptography.x509 import ExtendedKeyUsage, SubjectAlternativeName
from cryptography.x509.oid import ExtendedKeyUsageOID
from hvac.exceptions import InvalidRequest

from devstack import bootstrap_certificate
from devstack.certificate_authority import MOUNT, CertificateAuthority
from devstack.certificates import IDENTITIES, SERVERS, Certificates, Identity
from devstack.ports import HOST
from devstack.stack import Stack
from tests.tls.bad_certificates import StrangeAuthority

pytestmark = pytest.mark.long


def _read(certificates: Certificates, name: str) -> x509.Certificate:
    found = certificates.of(name).read()
    assert found is not None
    return found


def _shown_by_openbao(stack: Stack, certificates: Certificates) -> x509.Certificate:
    shown = ssl.get_server_certificate(
        (HOST, stack.openbao.port), ca_certs=str(certificates.authority)
    )
    return x509.load_pem_x509_certificate(shown.encode())


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_each_gets_a_certificate_for_its_own_purpose_alone(
    certificates: Certificates, identity: Identity
) -> None:
    certificate = _read(certificates, identity.name)
    purposes = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    if identity.is_server:
        assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == [HOST]
        assert not names.get_values_for_type(x509.UniformResourceIdentifier)
    else:
        assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [identity.uri]
        assert len(names) == 1


def test_keys_lie_in_private_files_and_no_two_are_the_same(certificates: Certificates) -> None:
    keys = [certificates.of(identity.name).key for identity in IDENTITIES]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert len({key.read_text() for key in keys}) == len(keys)


@pytest.mark.parametrize(
    ("role", "wish"),
    [
        ("server", {"common_name": "localhost", "uri_sans": "spiffe://pandora.exchange/gateway"}),
        ("server", {"common_name": "elsewhere.example"}),
        ("client", {"uri_sans": "spiffe://elsewhere.example/service/wallet"}),
        ("client", {"common_name": "localhost"}),
    ],
)
def test_a_role_issues_nothing_that_it_is_not_for(
    tls_stack: Stack, role: str, wish: dict[str, str]
) -> None:
    client: hvac.Client = tls_stack.openbao.client()
    with pytest.raises(InvalidRequest):
        client.write_data(f"{MOUNT}/issue/{role}", data=wish)


def test_what_is_not_due_stays_as_it_is(tls_stack: Stack, certificates: Certificates) -> None:
    before = {each.name: _read(certificates, each.name).serial_number for each in IDENTITIES}
    tls_stack.start()
    assert {
        each.name: _read(certificates, each.name).serial_number for each in IDENTITIES
    } == before


def test_what_is_near_its_end_is_issued_anew_and_shown(
    tls_stack: Stack, certificates: Certificates
) -> None:
    old = _read(certificates, "openbao").serial_number
    authority = CertificateAuthority(tls_stack.openbao.client(), certificates)
    for identity in IDENTITIES:
        # OpenBao lets each begin 30 s in the past, so that of this life a quarter is left.
        authority.issue(identity, certificates.of(identity.name), life="10s")
    tls_stack.start()
    for identity in IDENTITIES:
        days = _read(certificates, identity.name)
        assert (days.not_valid_after_utc - days.not_valid_before_utc).days >= 30
    shown = _shown_by_openbao(tls_stack, certificates)
    assert shown.serial_number == _read(certificates, "openbao").serial_number != old


@pytest.mark.parametrize("damage", ["missing", "of a stranger", "with another's key", "expired"])
def test_a_certificate_that_is_no_good_is_replaced(
    tls_stack: Stack, certificates: Certificates, damage: str
) -> None:
    files = certificates.of("openbao")
    identity = SERVERS[0]
    if damage == "missing":
        files.certificate.unlink()
    elif damage == "of a stranger":
        StrangeAuthority().issue(identity, files)
    elif damage == "with another's key":
        files.key.write_text(certificates.of("core").key.read_text())
    else:
        files.write(*bootstrap_certificate.self_signed(identity, life=-timedelta(seconds=30)))
    tls_stack.openbao.stop()
    tls_stack.start()
    shown = _shown_by_openbao(tls_stack, certificates)
    assert shown.serial_number == _read(certificates, "openbao").serial_number
