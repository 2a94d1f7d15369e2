"""People, lists and an identity that knows names, for the tests of screening."""

import zlib
from datetime import UTC, datetime
from importlib.resources import files
from uuid import UUID

from flask import Flask, request

from common.events.catalogue import AccountNameChanged, AccountRegistered, SanctionsListUpdated
from common.ids import uuid7
from common.keys import Keys
from common.web.access import service_behind
from screening import versions
from screening.lists.un import with_person
from screening.models import ListVersion, Screening, ScreeningMatch
from screening.rules.states import Occasion

SAMPLE = files("screening") / "sample"
FIRST, SECOND = SAMPLE / "2026-01-01", SAMPLE / "2026-02-01"
CONSOLIDATED = (FIRST / "un" / "consolidated.xml").read_bytes()

LISTED = ("Viktor", "Erfunden")
DOUBTFUL = ("Wiktor", "Erfunder")
NEXT_LISTED = ("Anna", "Muster-Beispiel")
UNLISTED = ("Kim", "Sorglos")
UNCOMPARABLE = ("…", "—")


class Identity:
    """The one route of identity that screening calls, behind the check that identity has."""

    def __init__(self, keys_folder):
        self._keys_folder = keys_folder
        self.names, self.asked, self.clock = {}, [], None
        self.answers = 200
        self.meanwhile = None
        """Called once, while a worker waits for names."""
        self.app = Flask("identity")
        self.app.post("/internal/names")(self._tell)

    def _tell(self):
        keys = Keys(self._keys_folder, "identity")
        caller = service_behind(keys, "names:read", self.clock.now())
        self.asked.append((caller, request.get_json()))
        if self.answers != 200:
            return {}, self.answers
        if self.meanwhile:
            act, self.meanwhile = self.meanwhile, None
            act()
        return [
            {"account_id": each, "given_name": given, "family_name": family}
            for each in request.get_json()["account_ids"]
            for given, family in [self.names.get(UUID(each), (None, None))]
            if given
        ]


def register(screening, name=UNLISTED, account_id=None):
    """Have somebody of this name registered at identity and heard of here; return the id."""
    account_id = account_id or uuid7()
    screening.identity.names[account_id] = name
    screening.when(AccountRegistered(account_id=account_id, organisation_id=None, epoch=1))
    return account_id


def a_rename(account_id):
    return AccountNameChanged(account_id=account_id, organisation_id=None, epoch=1)


def import_lists(screening, *paths, **options):
    """Bring lists into force and have that heard of; return (imported, refused)."""
    found = [each for path in paths for each in versions.read(path)]
    done, refused = versions.bring_into_force(screening.runtime, found, **options)
    for each in done:
        if each.new:
            hear_of(screening, each.version)
    return done, refused


def hear_of(screening, version):
    """Have the workers hear that a version of a list came into force."""
    screening.when(
        SanctionsListUpdated(
            list_id=version.list_id, list_version=version.version, entries=version.entries
        )
    )


def screened(screening, name=UNLISTED, lists=FIRST):
    """Somebody who was compared with lists; returns the id."""
    import_lists(screening, lists)
    account_id = register(screening, name)
    screening.run_steps()
    return account_id


def row_of(screening, account_id):
    (row,) = screening.rows(Screening, Screening.account_id == account_id)
    return row


def list_with(folder, *people, consolidated=CONSOLIDATED):
    """Write the sample's UN list with these people beside the others; return the file."""
    for number, (given, family) in enumerate(people):
        consolidated = with_person(consolidated, given, family, f"XXi.9{number:02}")
    file = folder / f"with-{len(people)}.xml"
    file.write_bytes(consolidated)
    return file


def list_of(file, day, *names):
    """Write a UN list of these people alone, of this day; return the file."""
    people = "".join(
        f"<INDIVIDUAL><FIRST_NAME>{name}</FIRST_NAME>"
        f"<REFERENCE_NUMBER>XXi.{number}</REFERENCE_NUMBER></INDIVIDUAL>"
        for number, name in enumerate(names)
    )
    file.write_text(
        f'<CONSOLIDATED_LIST dateGenerated="{day}">'
        f"<INDIVIDUALS>{people}</INDIVIDUALS></CONSOLIDATED_LIST>"
    )
    return file


def a_screening(**facts):
    account_id = facts.pop("account_id", None) or uuid7()
    usual = {"occasion": Occasion.REGISTRATION, "list_versions": []}
    facts = {**usual, "verdict_at": facts.get("requested_at"), **facts}
    return Screening(account_id=account_id, **facts)


def a_match(account_id, **facts):
    return ScreeningMatch(
        **{
            "account_id": account_id,
            "list_id": "un-consolidated",
            "entry_id": "XXi.001",
            "entry_fingerprint": "f" * 64,
            "matched_name": "VIKTOR ERFUNDEN",
            "score": 90.0,
            "outcome": "review",
            "explanation": "The name resembles another.",
            **facts,
        }
    )


def a_list_version(**facts):
    return ListVersion(
        **{
            "list_id": "un-consolidated",
            "version": "2026-01-01.00000000",
            "checksum": "0" * 64,
            "entries": 0,
            "people": 0,
            "names": 0,
            "content": zlib.compress(b"[]"),
            "imported_at": datetime(2026, 1, 1, tzinfo=UTC),
            "in_force_from": datetime(2026, 1, 1, tzinfo=UTC),
            **facts,
        }
    )
