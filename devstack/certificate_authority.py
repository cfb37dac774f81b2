"""OpenBao's PKI engine as the authority that issues what a stack with TLS shows and trusts."""

from typing import Any, Final

import hvac
from cryptography import x509

from devstack.certificates import (
    HOST_NAME,
    IDENTITIES,
    TRUST_DOMAIN,
    CertificateFiles,
    Certificates,
    Identity,
    is_due,
)
from devstack.ports import HOST
from devstack.private_file import write_private

MOUNT: Final = "pki"
_SERVER_ROLE: Final = "server"
_CLIENT_ROLE: Final = "client"
_ROOT_LIFE: Final = "87600h"
_LIFE: Final = "720h"
_KEY: Final = {"key_type": "ec", "key_bits": 256}
# Roles say what may be issued at all: who may show a server's name cannot call as a service.
_ROLES: Final = {
    _SERVER_ROLE: {
        "allowed_domains": [HOST_NAME],
        "allow_bare_domains": True,
        "allow_localhost": False,
        "allow_ip_sans": True,
        "server_flag": True,
        "client_flag": False,
        "ext_key_usage": [],
        "key_usage": ["DigitalSignature"],
        "max_ttl": _LIFE,
        **_KEY,
    },
    _CLIENT_ROLE: {
        "allowed_uri_sans": [f"{TRUST_DOMAIN}/*"],
        "allow_localhost": False,
        "allow_ip_sans": False,
        "require_cn": False,
        "server_flag": False,
        "client_flag": True,
        "key_usage": ["DigitalSignature"],
        "max_ttl": _LIFE,
        **_KEY,
    },
}


class CertificateAuthority:
    """Sets the engine up and issues certificates, as OpenBao's administrator."""

    def __init__(self, client: hvac.Client, certificates: Certificates) -> None:
        self._client = client
        self._certificates = certificates

    def ensure(self) -> set[str]:
        """Make the root and the roles if need be, and issue anew what is missing or near its end.

        Return the names of those who got a new certificate.
        """
        root = self._root()
        renewed = set()
        for identity in IDENTITIES:
            files = self._certificates.of(identity.name)
            if is_due(files.read(), identity, root):
                self.issue(identity, files)
                renewed.add(identity.name)
        return renewed

    def issue(self, identity: Identity, files: CertificateFiles, *, life: str = _LIFE) -> None:
        """Issue one certificate with a key of its own, into these files."""
        if identity.is_server:
            role, wish = _SERVER_ROLE, {"common_name": HOST_NAME, "ip_sans": HOST}
        else:
            role, wish = _CLIENT_ROLE, {"uri_sans": identity.uri or ""}
        answer = self._client.write_data(f"{MOUNT}/issue/{role}", data={**wish, "ttl": life})
        issued: dict[str, Any] = answer["data"]
        files.write(issued["certificate"] + "\n", issued["private_key"] + "\n")

    def _root(self) -> x509.Certificate:
        mounted = self._client.sys.list_mounted_secrets_engines()["data"]
        if f"{MOUNT}/" not in mounted:
            self._client.sys.enable_secrets_engine(
                "pki", MOUNT, config={"max_lease_ttl": _ROOT_LIFE}
            )
        if not self._client.secrets.pki.read_ca_certificate(mount_point=MOUNT):
            self._client.secrets.pki.generate_root(
                "internal",
                "Pandora development root",
                extra_params={"ttl": _ROOT_LIFE, **_KEY},
                mount_point=MOUNT,
            )
        for name, rules in _ROLES.items():
            self._client.secrets.pki.create_or_update_role(name, rules, mount_point=MOUNT)
        text: str = self._client.secrets.pki.read_ca_certificate(mount_point=MOUNT)
        file = self._certificates.authority
        if not file.exists() or file.read_text() != text:
            write_private(file, text)
        return x509.load_pem_x509_certificate(text.encode())
