"""From the plant file and the environment to a provider that can be asked, or a clear refusal."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine

from inspect_pipeline.errors import UsageError
from inspect_pipeline.review.provider_answers import ProviderFails
from inspect_pipeline.review.sign_in_attempt import SignInAttempt
from inspect_pipeline.service.cli.serving import welcome
from inspect_pipeline.service.serving import identity_provider
from plant_config.review import Review
from tests.fakes import WallClock
from tests.review.by_provider import CALLBACK, ProviderDesk
from tests.review.little_provider import CLIENT_SECRET, little_provider

ENVIRONMENT = {"MILL_ID_SECRET": CLIENT_SECRET}


@pytest.fixture
def certificate(clock: WallClock, tmp_path: Path) -> Path:
    """Of the plant's own making, for this computer, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Mill")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock() - timedelta(days=3650))
        .not_valid_after(clock() + timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "mill.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.mark.parametrize("environment", [{}, {"MILL_ID_SECRET": " "}, {"OTHER": "s3cret"}])
def test_without_its_secret_the_program_does_not_start(
    provider_desk: ProviderDesk, environment: dict[str, str]
) -> None:
    with pytest.raises(UsageError) as caught:
        identity_provider(provider_desk.settings(), environment)

    assert "sign-in by Mill ID needs its secret in the environment" in str(caught.value)
    assert "MILL_ID_SECRET, which is not set or empty: set it before" in str(caught.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_named(
    provider_desk: ProviderDesk, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(UsageError, match=r"review.oidc.ca_file .*ca\.pem cannot be used"):
        identity_provider(provider_desk.settings(ca_file=path), ENVIRONMENT)


def test_the_secret_is_not_in_what_is_shown_of_the_provider(provider_desk: ProviderDesk) -> None:
    made = identity_provider(provider_desk.settings(), ENVIRONMENT)

    assert CLIENT_SECRET not in repr(made) + repr(made.settings)


def test_a_provider_with_a_certificate_of_the_plant_is_trusted_where_the_file_says_so(
    engine: Engine, clock: WallClock, tmp_path: Path, certificate: Path
) -> None:
    with little_provider(CALLBACK, clock, certificate=certificate) as encrypted:
        desk = ProviderDesk(engine, encrypted.issuer, clock, tmp_path)
        trusting = identity_provider(desk.settings(ca_file=certificate), ENVIRONMENT)
        wary = identity_provider(desk.settings(), ENVIRONMENT)

        way = trusting.way_there(SignInAttempt.begun("/queue"))
        with pytest.raises(ProviderFails, match="CERTIFICATE_VERIFY_FAILED"):
            wary.way_there(SignInAttempt.begun("/queue"))

    assert way.startswith(f"{encrypted.issuer}/authorize?")


def test_the_terminal_says_what_the_provider_has_to_allow(provider_desk: ProviderDesk) -> None:
    lines = welcome(Review(oidc=provider_desk.settings()))

    assert lines[-1] == f"Mill ID has to allow browsers back to {CALLBACK}"
