"""HTML without a framework: text is escaped where it enters, and a page allows only its own style and script.

In: texts and finished parts. Out: `Markup` (finished HTML) and whole pages as answers with a strict policy.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NewType

from driftless.console.request import Answer

Markup = NewType("Markup", str)

_REFRESH = """
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href, {redirect: "error"}).catch(() => null);
  if (!answer || !answer.ok) return;
  const html = await answer.text();
  const next = document.createElement("template");
  next.innerHTML = html.slice(html.indexOf("<main>"), html.indexOf("</main>") + 7);
  const now = document.querySelector("main");
  if (next.innerHTML !== now.outerHTML) now.replaceWith(next.content);
}, 5000);
"""


def text(value: object) -> Markup:
    return Markup(html.escape(str(value)))


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("".join(parts))


def tag(name: str, *inside: Markup, css: str = "", **attributes: str) -> Markup:
    """`<name class=css …>inside</name>`; attribute values are escaped here."""
    given = ({"class": css} if css else {}) | attributes
    written = "".join(f' {key}="{html.escape(value)}"' for key, value in given.items())
    return Markup(f"<{name}{written}>{''.join(inside)}</{name}>")


def table(columns: tuple[str, ...], rows: Sequence[tuple[Markup, ...]]) -> Markup:
    """The first column is the row's name."""
    head = tag("tr", *(tag("th", text(column)) for column in columns))
    body = (tag("tr", *(tag("td", cell, css="" if n else "name") for n, cell in enumerate(row))) for row in rows)
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), css="card")


def page(title: str, main: Markup, *, signed_in: bool = True, status: int = 200) -> Answer:
    """A whole page. Signed in, it shows itself anew every five seconds while somebody looks at it."""
    nonce = secrets.token_urlsafe(16)
    end = Markup('<form method="post" action="/api/v1/session"><button name="end" value="1">Sign out</button></form>')
    header = tag("header", tag("a", text("Driftless"), href="/"), *([end] if signed_in else []))
    script = tag("script", Markup(_REFRESH), nonce=nonce) if signed_in else Markup("")
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>{tag('style', Markup(_style()), nonce=nonce)}</head>"
        f"<body>{header}{tag('main', main)}{script}</body></html>"
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
    }
    return Answer(body, status=status, headers=headers)


@cache
def _style() -> str:
    return Path(__file__).with_name("pages.css").read_text()
