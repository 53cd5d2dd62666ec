"""A simulated box behind real TLS on loopback; each exchange with it is held against the published documents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from servers.firewall.backend import FirewallBackend
from servers.firewall.pfsense.backend import connected, over
from servers.firewall.pfsense.client import PfSense
from servers.firewall.pfsense.settings import PfSenseSettings
from servers.firewall.pfsense.simulator import simulator
from servers.firewall.pfsense.simulator_world import World
from tests.servers.firewall.pfsense.published import Published
from tests.servers.serving import Door, served


@dataclass(frozen=True)
class Certificates:
    """An own authority and a certificate of 127.0.0.1 that it signed."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Site:
    """One simulated box that is served."""

    world: World
    url: str
    certificates: Certificates

    def settings(self, **changed: object) -> PfSenseSettings:
        """Settings that reach it."""
        given = {"url": self.url, "api_key": SecretStr("good"), "ca_file": self.certificates.authority}
        return PfSenseSettings(**{**given, "apply_timeout_s": 2, **changed})

    def box(self, **changed: object) -> PfSense:
        """A client of it."""
        return connected(self.settings(**changed))

    def backend(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), **changed: object) -> FirewallBackend:
        """The firewall server's backend over it."""
        return over(self.box(**changed), now)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made anew for each run: nothing that could be trusted lies in the repository."""
    folder = tmp_path_factory.mktemp("tls")
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed("test authority", authority_key, "test authority", authority_key, authority=True)
    certificate = _signed("127.0.0.1", key, "test authority", authority_key, authority=False)
    made = Certificates(folder / "authority.pem", folder / "box.pem", folder / "box.key")
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


@pytest.fixture(scope="session")
def published(public_data_if_any: Path | None) -> Published | None:
    """The published documents; None on a machine without the public data."""
    return None if public_data_if_any is None else Published.load(public_data_if_any / "pfsense")


@pytest.fixture
def world() -> World:
    """What the box of a test holds."""
    return World()


@pytest.fixture(scope="session")
def door(certificates: Certificates) -> Iterator[tuple[Door, str]]:
    """A socket with TLS, for all tests."""
    door = Door()
    with served(door, certificates.certificate, certificates.key) as url:
        yield door, url


@pytest.fixture
def site(
    world: World, door: tuple[Door, str], certificates: Certificates, published: Published | None
) -> Iterator[Site]:
    """The box, served; afterwards every exchange must be one that the published documents allow."""
    leads, url = door
    leads.app = simulator(world)
    yield Site(world, url, certificates)
    if published is not None:
        assert [wrong for each in world.recorded for wrong in published.wrong(each)] == []


def _signed(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if authority:
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return builder.add_extension(usage, critical=True).sign(by, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    return builder.add_extension(names, critical=False).sign(by, hashes.SHA256())
