"""Axe, which judges how accessible a page is, as the tests ask it: only what is serious or worse counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

AXE = Path(__file__).parents[1] / "axe" / "axe.min.js"
ASK = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  const grave = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  const said = (v, n) => `${v.id}: ${n.target.flat().join(" ")} ${n.html.slice(0, 200)} (${n.failureSummary})`;
  return grave.flatMap((v) => v.nodes.map((n) => said(v, n)));
}"""


def violations(page: Any) -> list[str]:
    """An accessibility fault of a page: the rule, the element, the reason."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(ASK)
    return found
