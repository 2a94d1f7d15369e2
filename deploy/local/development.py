"""Pages for development: the mailbox that all mail ends in, and the clock that can be moved."""

from __future__ import annotations

import email.policy
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import waitress
from flask import Flask, abort, redirect, render_template_string, request

from common.clock import ShiftedClock, duration

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Development</title>
<style>body{font:1rem/1.5 system-ui;max-width:50rem;margin:1rem auto;padding:0 1rem}
pre{white-space:pre-wrap;border:1px solid #8888;padding:1rem}</style>
<h1>Mailbox</h1><p>Every mail of this estate ends here. It is now {{ now }}.
<form method="post" action="{{ root }}/clock"><label>Move the clock forward by
<input name="by" value="P1D" size="6"></label> <button>Move</button></form>
{% for mail in mails %}<h2>{{ mail.subject }}</h2><p>to {{ mail.to }}, {{ mail.date }}</p>
<pre>{{ mail.text | urlize }}</pre>{% else %}<p>No mail yet.</p>{% endfor %}</html>"""


def create_app(folder: Path) -> Flask:
    """Make the pages for an estate that keeps its data in a folder."""
    app = Flask("development", static_folder=None)
    clock = ShiftedClock(folder / "clock.json")

    @app.get("/")
    def mailbox() -> Any:
        return render_template_string(
            PAGE,
            mails=list(reversed(mails(folder)))[:100],
            now=clock.now().strftime("%Y-%m-%d %H:%M UTC"),
            root=request.script_root,
        )

    @app.get("/mails")
    def as_json() -> Any:
        return mails(folder)

    @app.post("/clock")
    def move() -> Any:
        try:
            now = clock.now()
            clock.advance(now + duration(request.form["by"]) - now)
        except ValueError:
            abort(400, "Use an ISO 8601 duration such as P1D or P1Y.")
        return redirect(f"{request.script_root}/", 303)

    @app.before_request
    def from_this_page() -> None:
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            abort(403)

    return app


def mails(folder: Path) -> list[dict[str, str]]:
    """All mails, oldest first."""
    return [read(file) for file in sorted((folder / "mail").glob("*.eml"))]


def read(file: Path) -> dict[str, str]:
    """One mail as people see it."""
    message = message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    return {
        "to": str(message["To"]),
        "subject": str(message["Subject"]),
        "date": str(message["Date"]),
        "text": body.get_content() if body else "",
    }


def main() -> None:
    """Serve the pages alone, for an estate of many processes."""
    folder, port = sys.argv[1:3]
    waitress.serve(create_app(Path(folder)), host="127.0.0.1", port=int(port), threads=4)


if __name__ == "__main__":
    main()
