"""The desk's pure rules in a real browser, called with plain values."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pages.components import desk as component
from pages.components.scripts import joined

NAME = re.compile(r"^export (?:async )?(?:function|const) (\w+)", re.MULTILINE)


class Rules:
    def __init__(self, page: Any) -> None:
        self._page = page

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self._page.evaluate("([name, values]) => rules[name](...values)", [name, values])


@contextmanager
def open_rules(browser: Any) -> Iterator[Rules]:
    modules = ("rules/rules.js", "rules/certify.js")
    names = [n for m in modules for n in NAME.findall(component.HERE.joinpath(m).read_text(encoding="utf-8"))]
    source = f"{joined(component.HERE, modules)}\nexport {{ {', '.join(names)} }};"
    page = browser.new_page()
    address = f"data:text/javascript;base64,{base64.b64encode(source.encode()).decode()}"
    page.evaluate("async (address) => { window.rules = await import(address); }", address)
    yield Rules(page)
    page.close()
