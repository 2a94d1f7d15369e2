"""What an estate for trying out has at its first start: lists, staff, customers, products."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from common.clock import duration
from deploy.local.portal import Person, Portal, Unexpected, over_http

FIRST_START = "First start: importing sanctions lists, entering staff and customers …"
PASSWORD = "correct horse battery staple"
STAFF = {
    "admin": ("Ada", "Beheer", "admin"),
    "approver": ("Aart", "Vrijgave", "approver"),
    "compliance": ("Conny", "Regelwerk", "compliance"),
    "reviewer": ("Bram", "Tweedeblik", "compliance"),
    "dpo": ("Dirk", "Datenhut", "dpo"),
    "support": ("Sanne", "Storing", "support"),
    "shop": ("Sjors", "Winkelier", "shop"),
    "trainer": ("Tilda", "Lehrsaal", "trainer"),
}
"""Given name, family name and role; two of compliance, since nobody lifts a block alone."""
CUSTOMERS = (("Blechwerk Nordlicht GmbH", "DE"), ("Plaatwerk De Kanter B.V.", "NL"))
PRODUCTS = (
    ("NOZZLE-15", "Laser nozzle 1.5 mm", "Lasermondstuk 1,5 mm", "Laserdüse 1,5 mm", "24.90"),
    ("LENS-75", "Focusing lens 7.5 inch", "Focuslens 7,5 inch", "Fokuslinse 7,5 Zoll", "189.00"),
    ("PUNCH-A10", "Punch A 10 mm round", "Stempel A 10 mm rond", "Stempel A 10 mm rund", "58.40"),
)


def address(who: str) -> str:
    """Mail address of a member of staff."""
    return f"{who}@portal.example"


def first_start(folder: Path, url: str, lists: Path | None) -> None:
    """Fill an empty estate; does nothing at later starts."""
    done = folder / "seeded"
    if done.exists():
        return
    print(FIRST_START, file=sys.stderr)
    fill(over_http(url, folder, operate), lists)
    done.touch()


def fill(portal: Portal, lists: Path | None) -> None:
    """Import lists, appoint staff, enter customers, machines, products and training sessions.

    What is there already stays, so that a start that was interrupted is finished by the next.
    """
    portal.operate("screening", "lists", "import", str(lists or sample_lists()))
    for who, (given, family, role) in STAFF.items():
        if _signed_in(portal, who) is None:
            _appoint(portal, who, given, family, role)
    staff = {who: portal.until(partial(_signed_in, portal, who)) for who in STAFF}
    known = {each["name"]: each for each in staff["admin"].get("identity", "organisations")}
    for name, country in CUSTOMERS:
        entered = {"name": name, "country": country}
        customer = (
            known.get(name) or staff["admin"].post("identity", "organisations", entered).json()
        )
        _machines(staff["support"], customer["id"])
    for sku, en, nl, de, amount in PRODUCTS:
        price = {"amount": amount, "currency": "EUR"}
        names = {"en": en, "nl": nl, "de": de}
        body: dict[str, Any] = {"sku": sku, "name": names, "price": price}
        _enter(staff["shop"], "shop", "products", body)
    if not staff["trainer"].get("training", "sessions"):
        training_sessions(portal, staff["trainer"])


def sample_lists() -> Path:
    """Folder with the bundled lists of invented people."""
    return Path(str(resources.files("screening") / "sample" / "2026-01-01"))


def operate(service: str, *arguments: str, stdin: str = "") -> str:
    """Run an operator command with this process's environment."""
    return said_by([sys.executable, "-m", service.replace("-", "_"), *arguments], stdin)


def said_by(command: Sequence[str], stdin: str, environment: Mapping[str, str] = os.environ) -> str:
    """What a command prints; raises RuntimeError with its last words where it fails."""
    done = subprocess.run(
        command, env=environment, input=stdin, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])}: {done.stderr.strip()[-500:]}")
    return done.stdout


def wait_for(url: str, seconds: float = 60) -> None:
    """Wait until a URL answers with success; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} is not ready after {seconds:.0f} s")


def welcome(
    folder: Path,
    url: str,
    mailbox: str,
    demo: str = "make demo (in another terminal)",
    stop: str = "Ctrl-C",
) -> str:
    """Say in a few lines what to open and who can sign in."""
    lines: Sequence[str] = (
        "",
        f"The customer portal runs at {url}  (data in {folder})",
        f"  services    {url}/ links the documentation of each, e.g. {url}/api/shop/docs/",
        f"  mailbox     {mailbox}",
        f"  sign in     POST {url}/api/identity/sessions with password “{PASSWORD}” as",
        f"              {', '.join(address(who) for who in STAFF)}",
        f"  the story   {demo}",
        f"  stop        {stop}",
    )
    return "\n".join(lines)


def _signed_in(portal: Portal, who: str) -> Person | None:
    """A member of staff, None while the account is not active."""
    person = Person(portal, address(who), PASSWORD, None)
    body = {"email": person.email, "password": person.password}
    answer = person.send("POST", "identity", "sessions", None, json=body)
    if not answer.is_success:
        return None
    person.token = answer.json()["access_token"]
    return person


def _appoint(portal: Portal, who: str, given: str, family: str, role: str) -> None:
    try:
        portal.operate(
            "identity", "staff", "add", "--email", address(who), "--given-name", given,
            "--family-name", family, "--language", "en", "--role", role, "--password-stdin",
            stdin=PASSWORD + "\n",
        )  # fmt: skip
    except RuntimeError as error:
        if "already" not in str(error):
            raise


def _enter(person: Person, service: str, path: str, body: dict[str, Any]) -> None:
    """Create something unless it is there."""
    answer = person.send("POST", service, path, None, json=body)
    if not answer.is_success and answer.status_code != 409:
        raise Unexpected(f"{service}/{path}: {answer.status_code} {answer.text[:300]}")


def _machines(support: Person, organisation_id: str) -> None:
    for number, product in enumerate(("Laser cutter L 3030", "Press brake B 5130"), start=1):
        serial = (
            f"{product.split()[-2]}{product.split()[-1]}-{organisation_id[-6:]}-{number}".upper()
        )
        body = {"organisation_id": organisation_id, "product": product, "serial_number": serial}
        _enter(support, "service-cases", "machines", body)


def training_sessions(portal: Portal, trainer: Person) -> None:
    """Offer two trainings in the coming weeks."""
    today = portal.clock.now().replace(hour=8, minute=0, second=0, microsecond=0)
    for weeks, capacity in ((4, 12), (8, 6)):
        begins = today + duration(f"P{weeks}W")
        body = {
            "title": {
                "en": "Laser cutting, basics",
                "nl": "Lasersnijden, basis",
                "de": "Laserschneiden, Grundlagen",
            },
            "place": "Training centre",
            "starts_at": begins.isoformat(),
            "ends_at": (begins + duration("P2D")).isoformat(),
            "capacity": capacity,
        }
        trainer.post("training", "sessions", body)
