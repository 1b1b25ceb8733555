"""The [review] block: where the review application listens, and what is refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from plant_config.errors import PlantConfigError
from plant_config.loader import load_plant
from plant_config.review import Review
from tests.unit.test_plant_config import GOOD, refusal, write


def with_review(folder: Path, lines: str) -> Path:
    return write(folder, f"{GOOD}[review]\n{lines}\n")


def test_without_a_block_only_this_computer_is_served(tmp_path: Path) -> None:
    review = load_plant(write(tmp_path), environment={}).review

    assert review == Review()
    assert (review.is_local, review.address) == (True, "http://127.0.0.1:8000")


def test_a_certificate_lies_beside_the_plant_file(tmp_path: Path) -> None:
    review = load_plant(
        with_review(
            tmp_path,
            'host = "0.0.0.0"\nport = 8443\nhttps = true\ncertificate_file = "plant.crt"\n'
            'key_file = "plant.key"\ntrusted_proxies = ["10.0.0.2", "fd00::/64"]',
        ),
        environment={},
    ).review

    assert review.certificate_file == tmp_path / "plant.crt"
    assert review.key_file == tmp_path / "plant.key"
    assert review.trusted_proxies == ("10.0.0.2", "fd00::/64")
    assert (review.is_local, review.address) == (False, "https://0.0.0.0:8443")


REFUSED = [
    ('host = "0.0.0.0"', "review.host: '0.0.0.0' serves other computers and https is false"),
    ('host = "::"', "set https = true with certificate_file and key_file or behind a proxy"),
    ('host = "plant.local"', "or write unencrypted = true where the network is closed"),
    ('host = ""', "review.host: "),
    ('host = "a b"', "review.host: "),
    ("port = 0", "review.port: should be greater than or equal to 1, found 0"),
    ("port = 65536", "review.port: should be less than or equal to 65535"),
    ('https = "yes"', "review.https: should be a valid boolean"),
    ('https = true\nkey_file = "k"', "review.key_file: stands alone"),
    ('https = true\ncertificate_file = "c"', "review.certificate_file: stands alone"),
    ('certificate_file = "c"\nkey_file = "k"', "review.https: is false beside a certificate"),
    ("session_hours = 0", "review.session_hours: should be greater than 0"),
    ("idle_minutes = 1", "review.idle_minutes: should be greater than or equal to 5"),
    ('trusted_proxies = ["proxy.local"]', "'proxy.local' is no address such as 10.0.0.2"),
    ('trusted_proxies = ["10.0.0.1/24"]', "'10.0.0.1/24' is no address"),
    ('trusted_proxies = ["*"]', "'*' is no address"),
    ('trusted_proxies = ["10.0.0.2", "0.0.0.0/0"]', "'0.0.0.0/0' would believe everybody"),
    ("token_days = 4000", "review.token_days: should be less than or equal to 3650"),
    ('password = "x"', "review.password: unknown key 'password'"),
]


@pytest.mark.parametrize(("lines", "sentence"), REFUSED, ids=[lines for lines, _ in REFUSED])
def test_what_is_unsafe_or_unknown_is_refused(tmp_path: Path, lines: str, sentence: str) -> None:
    assert sentence in refusal(with_review(tmp_path, lines))


PROVIDER = """[review.oidc]
name = "Mill ID"
issuer = "https://sso.mill.example/realms/mill"
client_id = "inspect-review"
client_secret_env = "MILL_ID_SECRET"
address = "http://localhost:8000/"
default_role = "viewer"
"""


def test_an_identity_provider_is_described_without_its_secret(tmp_path: Path) -> None:
    block = f'{PROVIDER}ca_file = "mill-ca.pem"\n[review.oidc.roles]\nadmin = ["quality-leads"]'
    review = load_plant(with_review(tmp_path, block), environment={}).review

    assert review.oidc is not None
    assert review.oidc.scopes == ("openid", "profile", "email")
    assert review.oidc.ca_file == tmp_path / "mill-ca.pem"
    assert (review.oidc.roles.admin, review.oidc.roles.viewer) == (("quality-leads",), ())
    assert review.oidc.callback == "http://localhost:8000/login/oidc/callback"
    assert review.listening_at("::1", 9000).oidc == review.oidc


def test_the_example_in_the_readme_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    begin = readme.index("    [review.oidc]\n")
    block = dedent(readme[begin : readme.index("\n\nAt the first sign-in", begin)])

    review = load_plant(with_review(tmp_path, f"https = true\n{block}"), environment={}).review

    assert review.oidc is not None
    assert review.oidc.roles.engineer == ("process",)
    assert review.oidc.callback == "https://review.mill.example/login/oidc/callback"


@pytest.mark.parametrize(
    "issuer", ["http://localhost:8080/r", "http://127.0.0.1", "http://[::1]:9"]
)
def test_a_provider_on_this_computer_needs_no_encryption(tmp_path: Path, issuer: str) -> None:
    path = with_review(tmp_path, PROVIDER.replace("https://sso.mill.example/realms/mill", issuer))
    review = load_plant(path, environment={}).review

    assert review.oidc is not None
    assert review.oidc.issuer == issuer


PROVIDERS_REFUSED = [
    ("issuer", '"http://sso.mill.example"', "review.oidc.issuer: should be https://HOST"),
    ("issuer", '"http://localhost.evil.example"', "http:// is for localhost alone"),
    ("issuer", '"https://"', "review.oidc.issuer: should be https://HOST"),
    ("issuer", '"https://sso.mill.example:x/"', "review.oidc.issuer: should be https://HOST"),
    ("issuer", '"https://[sso"', "review.oidc.issuer: should be https://HOST"),
    ("issuer", '"file:///etc"', "review.oidc.issuer: should be https://HOST"),
    ("issuer", '"https://anna:word@sso.mill.example"', "is more than an address"),
    ("issuer", '"https://sso.mill.example/?a=b"', "is more than an address"),
    ("address", '"http://localhost:8000/review"', "review.oidc.address: has a path"),
    ("address", '"https://review.mill.example"', "https = false contradict: change one of them"),
    ("client_secret_env", '"s3cret!"', "review.oidc.client_secret_env: "),
    ("client_secret", '"s3cret"', "review.oidc.client_secret: unknown key 'client_secret'"),
    ("default_role", '"admin"', "review.oidc.default_role: "),
    ("scopes", '["profile"]', "review.oidc.scopes: lacks openid: add it"),
    ("scopes", '["openid profile"]', "review.oidc.scopes[0]: "),
    ("asks", '"never"', "review.oidc.asks: "),
    ("roles", '{ admin = "quality-leads" }', "review.oidc.roles.admin: should be a list"),
    ("roles", '{ boss = ["x"] }', "review.oidc.roles.boss: unknown key 'boss'"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), PROVIDERS_REFUSED)
def test_a_provider_that_is_unsafe_or_misspelt_is_refused(
    tmp_path: Path, key: str, value: str, sentence: str
) -> None:
    kept = [line for line in PROVIDER.splitlines() if not line.startswith(f"{key} =")]

    assert sentence in refusal(with_review(tmp_path, "\n".join([*kept, f"{key} = {value}"])))


def test_a_provider_that_would_let_nobody_in_is_refused(tmp_path: Path) -> None:
    said = refusal(with_review(tmp_path, PROVIDER.replace('default_role = "viewer"', "")))

    assert "review.oidc.default_role: is missing, and so is [review.oidc.roles]" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_computer_needs_no_encryption(tmp_path: Path, host: str) -> None:
    assert load_plant(with_review(tmp_path, f'host = "{host}"'), environment={}).review.is_local


@pytest.mark.parametrize("word", ["https", "unencrypted"])
def test_other_computers_are_served_when_the_file_says_how(tmp_path: Path, word: str) -> None:
    path = with_review(tmp_path, f'host = "0.0.0.0"\n{word} = true')

    assert not load_plant(path, environment={}).review.is_local


def test_an_address_from_the_command_line_is_held_to_the_same_rules() -> None:
    here = Review(port=9000, idle_minutes=30.0)

    assert here.listening_at(None, None) == here
    assert here.listening_at("::1", 9001).address == "http://[::1]:9001"
    with pytest.raises(PlantConfigError, match="host: '0\\.0\\.0\\.0' serves"):
        here.listening_at("0.0.0.0", None)
    with pytest.raises(PlantConfigError, match="host: "):
        here.listening_at("a b", None)
    with pytest.raises(PlantConfigError, match="port: "):
        here.listening_at(None, 70_000)
