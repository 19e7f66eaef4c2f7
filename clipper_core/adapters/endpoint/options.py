"""The options of an OpenAI-compatible endpoint, and the address and the secrets in them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

OFFICIAL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """The address, key, models and limits of an endpoint, and its prices in dollars: a minute, a million tokens."""

    key: str | None = field(default=None, repr=False)
    base_url: str | None = field(default=None, repr=False)
    transcribe_model: str = "gpt-transcribe"
    chat_model: str = "gpt-5-mini"
    timeout_s: float = 300.0
    patience_s: float = 600.0
    in_flight: int = 4
    max_mb: float = 25.0
    transcribe_price: float | None = None
    chat_price_in: float | None = None
    chat_price_out: float | None = None

    @property
    def host(self) -> str:
        """The host and port that are asked, without anything secret."""
        return self.address.netloc.rpartition("@")[2]

    @property
    def address(self) -> SplitResult:
        """The parts of the address; empty ones if it can't be used."""
        try:
            parts = urlsplit((self.base_url or OFFICIAL).strip())
            usable = parts.port is None or parts.port > 0
        except ValueError:  # it would say the address, password and all
            return urlsplit("")
        # A password with a bare / ? or # in it would leave half of itself in the path, or be taken for the host.
        return parts if usable and "@" not in f"{parts.path}{parts.query}{parts.fragment}" else urlsplit("")


def basic_authorization(address: SplitResult) -> str | None:
    """The user and password of an address as a header, since addresses are logged; None without either."""
    if not address.username and not address.password:
        return None
    pair = f"{unquote(address.username or '')}:{unquote(address.password or '')}"
    return base64.b64encode(pair.encode()).decode()


def secrets_of(options: EndpointOptions) -> Iterator[str | None]:
    """Everything in the options that must not be shown, in every form in which it is sent."""
    address = options.address
    yield (options.key or "").strip()
    yield address.netloc.rpartition("@")[0]
    yield basic_authorization(address)
    yield unquote(address.password or "")
    yield from (value for _, value in parse_qsl(address.query) if len(value) > 12)  # not an API's version
