"""Certificates and kubeconfigs of one cluster: one authority, one certificate for each client and server."""

import base64
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from berth_local.cluster.layout import API_SERVICE_IP, CLUSTER_DOMAIN, NODE_IP, NODE_NAME, RunFolder

LIFETIME = timedelta(days=30)
"""Longer than any test cluster lives, short enough that a forgotten one ends."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate to issue: `user` and `group` are what Kubernetes reads from it."""

    file: str
    user: str
    group: str | None = None
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()


IDENTITIES = (
    Identity(
        "apiserver",
        "kube-apiserver",
        names=(
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            f"kubernetes.default.svc.{CLUSTER_DOMAIN}",
        ),
        addresses=("127.0.0.1", API_SERVICE_IP, NODE_IP),
    ),
    Identity("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
    Identity("admin", "admin", "system:masters"),
    Identity("controller-manager", "system:kube-controller-manager"),
    Identity("scheduler", "system:kube-scheduler"),
    Identity("proxy", "system:kube-proxy"),
    Identity(
        "kubelet",
        f"system:node:{NODE_NAME}",
        "system:nodes",
        names=(NODE_NAME,),
        addresses=(NODE_IP,),
    ),
)

KUBECONFIG_USERS = ("admin", "controller-manager", "scheduler", "proxy", "kubelet")


def write_pki(folder: RunFolder) -> None:
    """Write the authority, all certificates, the service accounts' key pair and the kubeconfigs used inside."""
    folder.pki.mkdir(parents=True, mode=0o700)
    authority_key = _new_key(folder.pki / "ca.key")
    authority = _issue_authority(authority_key)
    _write(folder.pki / "ca.crt", authority.public_bytes(serialization.Encoding.PEM))
    for identity in IDENTITIES:
        key = _new_key(folder.pki / f"{identity.file}.key")
        certificate = _issue(identity, key.public_key(), authority, authority_key)
        _write(
            folder.pki / f"{identity.file}.crt",
            certificate.public_bytes(serialization.Encoding.PEM),
        )
    accounts = _new_key(folder.pki / "service-accounts.key")
    public = accounts.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(folder.pki / "service-accounts.pub", public)
    for user in KUBECONFIG_USERS:
        write_kubeconfig(folder, user, user, f"https://{NODE_IP}:6443")


def write_kubeconfig(folder: RunFolder, file: str, user: str, server: str) -> Path:
    """Write `<file>.kubeconfig`, complete in itself. JSON is YAML, so every client reads it."""

    def embedded(name: str) -> str:
        return base64.b64encode((folder.pki / name).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": embedded("ca.crt")}
    credentials = {
        "client-certificate-data": embedded(f"{user}.crt"),
        "client-key-data": embedded(f"{user}.key"),
    }
    context = f"berth-{folder.name}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": user}}],
    }
    path = folder.kubeconfig(file)
    _write(path, json.dumps(document, indent=1).encode())
    return path


def _new_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    encoded = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    _write(path, encoded)
    return key


def _issue_authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "berth-cluster-ca")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _issue(
    identity: Identity,
    public_key: ec.EllipticCurvePublicKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]
    if identity.group:
        subject.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group))
    purposes = x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    )
    builder = (
        _builder(x509.Name(subject), authority.subject, public_key)
        .add_extension(purposes, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in identity.names]
    alternatives += [
        x509.IPAddress(ipaddress.ip_address(address)) for address in identity.addresses
    ]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
