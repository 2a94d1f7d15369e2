"""Who is erased leaves no status, no match, no decision and no history here."""

import threading
from uuid import uuid4

import pytest
import sqlalchemy as sa

from common.events.catalogue import ErasureRequested, PersonalDataErased
from common.privacy.erasure import is_genuine
from common.web import Role
from screening.jobs import screen_pending
from screening.models import Base, Decision, Screening, ScreeningMatch, ScreeningRun

from .factories import DOUBTFUL, FIRST, import_lists, register, row_of, screened

OWN_TABLES = {"decisions", "screening_matches", "screening_runs", "screenings"}


def erase(screening, account_id):
    """Ask for a person's erasure; return the receipt's tables by name."""
    screening.when(ErasureRequested(account_id=account_id, request_id=uuid4()))
    receipt = screening.published(PersonalDataErased)[-1]
    assert is_genuine(screening.runtime.keys, "screening", receipt)
    return {each.table: each for each in receipt.tables}


def decide(officer, account_id, outcome="clear", reason="another_person"):
    version = officer.get(f"/screenings/{account_id}").headers["ETag"].strip('"')
    answer = officer.change(
        "POST",
        f"/screenings/{account_id}/decision",
        version,
        {"outcome": outcome, "reason": reason},
    )
    assert answer.status_code == 200, answer.json
    return answer.json


def test_everything_about_a_person_goes_and_is_counted(on_both):  # S19, S26
    account_id = screened(on_both, DOUBTFUL)
    decide(on_both.sign_in(Role.COMPLIANCE), account_id)
    other = register(on_both, DOUBTFUL)
    on_both.run_steps()

    tables = erase(on_both, account_id)

    assert {name: tables[name].deleted for name in OWN_TABLES} == dict.fromkeys(OWN_TABLES, 1)
    assert {name: tables[name].kept for name in OWN_TABLES} == dict.fromkeys(OWN_TABLES, 0)
    for model in (Screening, ScreeningMatch, ScreeningRun):
        assert [row.account_id for row in on_both.rows(model)] == [other]
    assert on_both.rows(Decision) == []


def test_every_table_with_columns_about_a_person_is_in_the_receipt(screening):
    account_id = screened(screening)
    about_people = {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if hasattr(mapper.class_, "__personal__")
    }
    assert about_people <= set(erase(screening, account_id))


def test_what_a_colleague_decided_about_others_stays_by_id(screening):
    account_id = screened(screening, DOUBTFUL)
    officer = screening.sign_in(Role.COMPLIANCE)
    decide(officer, account_id)
    tables = erase(screening, officer.person.account_id)
    assert (tables["decisions"].kept, tables["decisions"].reason) == (1, "accountability")
    assert screening.rows(Decision)[0].decided_by == officer.person.account_id


def test_somebody_who_is_unknown_here_gets_a_receipt_too(screening):
    tables = erase(screening, uuid4())
    assert {each.deleted for each in tables.values()} == {0}


def test_who_is_erased_during_the_comparison_stays_away(on_both):
    import_lists(on_both, FIRST)
    account_id = register(on_both, DOUBTFUL)
    on_both.identity.meanwhile = lambda: erase(on_both, account_id)
    on_both.run_steps()
    for model in (Screening, ScreeningMatch, ScreeningRun):
        assert on_both.rows(model) == []


@pytest.mark.postgres
def test_an_erasure_waits_for_a_comparison_that_is_being_written(on_postgres):
    account_id = screened(on_postgres, DOUBTFUL)
    with on_postgres.runtime.transaction() as writing:
        writing.get_one(Screening, account_id, with_for_update=True)
        erasing = threading.Thread(target=erase, args=(on_postgres, account_id))
        erasing.start()
        writing.execute(
            sa.update(ScreeningMatch).values(explanation="Written while it was being erased.")
        )
    erasing.join()
    assert on_postgres.rows(ScreeningMatch) == []
    assert on_postgres.rows(Screening) == []


def test_an_erased_person_is_not_compared_again(screening):
    account_id = screened(screening)
    erase(screening, account_id)
    assert screen_pending(screening.runtime) == 0
    with pytest.raises(ValueError, match="not enough values"):
        row_of(screening, account_id)
