"""The address of an endpoint: read without ever showing its secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.adapters.endpoint.options import EndpointOptions, basic_authorization, secrets_of

plain = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)


def test_without_an_address_it_is_the_official_one() -> None:
    assert EndpointOptions().host == "api.openai.com"


@given(plain, plain)
def test_the_host_holds_neither_user_nor_password(user: str, password: str) -> None:
    options = EndpointOptions(base_url=f"https://{user}:{password}@host.example:8443/v1")

    assert options.host == "host.example:8443"
    assert options.address.path == "/v1"


@pytest.mark.parametrize("sign", ["/", "?", "#"])
def test_an_unescaped_sign_in_a_password_makes_the_address_unusable(sign: str) -> None:
    assert EndpointOptions(base_url=f"https://me:pass{sign}word@host.example/v1").host == ""


@pytest.mark.parametrize("url", ["https://host:port/v1", "https://[half/v1", "https://host:0/v1"])
def test_an_address_that_can_not_be_read_has_no_host(url: str) -> None:
    assert EndpointOptions(base_url=url).host == ""


def test_every_form_of_a_secret_is_named() -> None:
    url = "https://me:p%40ss@host.example/v1?api-version=2024-10-21&token=0123456789abcdef"
    options = EndpointOptions(key=" sk-key ", base_url=url)

    secrets = set(secrets_of(options))

    assert {"sk-key", "me:p%40ss", "p@ss", "0123456789abcdef"} <= secrets
    assert basic_authorization(options.address) in secrets
    assert "2024-10-21" not in secrets


def test_no_secret_is_in_the_text_of_the_options() -> None:
    shown = repr(EndpointOptions(key="sk-key", base_url="https://me:pass@host.example"))

    assert "sk-key" not in shown and "pass@" not in shown
