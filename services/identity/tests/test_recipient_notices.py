"""Recipients are told what was done with a person's data, and say they did it (S2, art. 19)."""

import dataclasses
from datetime import timedelta

import pytest

from common.privacy.sweeps import sweep
from common.settings import SettingsError, check
from common.web.access import Role
from identity import jobs
from identity.models import NoticedAct, RecipientNotice
from identity.retention import begin_erasures
from identity.rules.states import State

from .factories import AT, an_account, an_organisation, mails, me, own_standing, scraped, stored
from .scenes import YEAR
from .test_representatives import a_contract

OTHERS = "provider:Mails Ltd; group_company:Lathes Group SE"


@pytest.fixture
def agency(identity):
    """A representative with a contract for Germany."""
    made = identity.given(an_organisation("representative", name="Vertretung AG"))
    at = identity.clock.now()
    identity.given(a_contract(made, "DE", at - YEAR, at + YEAR))
    return made


@pytest.fixture
def agent(identity, agency):
    """Somebody who works for the representative, signed in."""
    account = identity.given(an_account(agency, role=Role.REPRESENTATIVE))
    caller = me(identity, account, Role.REPRESENTATIVE)
    caller.account = account
    return caller


@pytest.fixture
def anna(identity, customer):
    account = identity.given(an_account(customer))
    identity.given(own_standing(account))
    return account


def rectify(identity, account, **corrected):
    caller = identity.sign_in(
        account_id=account.id, organisation_id=account.organisation_id, known=False
    )
    version = stored(identity, account).version
    return caller.change("PATCH", "/accounts/me", version, corrected)


def acts(identity):
    return [(each.recipient, each.act) for each in identity.rows(RecipientNotice)]


def test_a_correction_is_to_be_done_by_the_representative_too_which_is_told_by_mail(
    identity, anna, agent
):
    assert rectify(identity, anna, given_name="Änne").status_code == 200
    (noticed,) = agent.get("/recipient-notices").json
    assert (noticed["account_id"], noticed["act"]) == (str(anna.id), "rectified")
    assert (noticed["due_on"], noticed["confirmed_at"]) == ("2026-04-02", None)
    ((to, subject, text),) = mails(identity)
    assert to == agent.account.email
    assert subject.startswith("Data of a person")
    assert "Änne" not in text


def test_what_changes_nothing_is_no_notice(identity, anna, agency):
    assert rectify(identity, anna, given_name="Anna").status_code == 200
    assert acts(identity) == []


def test_who_moves_away_is_corrected_where_the_data_were_seen(identity, anna, agency):
    assert rectify(identity, anna, country="NL").status_code == 200
    assert acts(identity) == [("Vertretung AG", NoticedAct.RECTIFIED)]


def test_restriction_and_erasure_are_to_be_done_too(identity, customer, anna, agency):
    dpo = identity.sign_in(Role.DPO)
    path = f"/accounts/{anna.id}/restriction"
    assert dpo.change("POST", path, 1, {"ground": "claims"}).status_code == 200
    closed = identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=AT - YEAR))
    with identity.runtime.transaction() as session:
        begin_erasures(session, [closed.id])
    assert acts(identity) == [
        ("Vertretung AG", NoticedAct.RESTRICTED),
        ("Vertretung AG", NoticedAct.ERASED),
    ]


def test_two_contracts_of_one_representative_are_one_notice(identity, anna, agency):
    at = identity.clock.now()
    identity.given(a_contract(agency, "DE", at - YEAR, at + YEAR))
    rectify(identity, anna, company="Mauer AG")
    assert len(acts(identity)) == 1


def test_the_companies_of_the_settings_are_recipients_and_people_are_told_of_them(identity_with):
    identity = identity_with(recipients=OTHERS)
    account = identity.given(an_account(identity.given(an_organisation())))
    identity.given(own_standing(account))
    rectify(identity, account, company="Mauer AG")
    assert acts(identity) == [
        ("Mails Ltd", NoticedAct.RECTIFIED), ("Lathes Group SE", NoticedAct.RECTIFIED)
    ]  # fmt: skip
    caller = identity.sign_in(
        account_id=account.id, organisation_id=account.organisation_id, known=False
    )
    shown = caller.get("/accounts/me/recipients")
    assert [(each["kind"], each["organisation"]) for each in shown.json] == [
        ("provider", "Mails Ltd"), ("group_company", "Lathes Group SE")
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["Mails Ltd", "friend:Mails Ltd", "provider:"])
def test_recipients_of_another_form_are_refused_by_name(identity, value):
    told = dataclasses.replace(identity.runtime.settings, recipients=value)
    with pytest.raises(SettingsError, match="IDENTITY_RECIPIENTS"):
        check(told, "identity")


def test_a_representative_confirms_its_own_once_and_sees_nobody_elses(
    identity, anna, agency, agent
):
    rectify(identity, anna, company="Mauer AG")
    other = identity.given(an_organisation("representative", name="Agency S.L."))
    stranger = identity.sign_in(Role.REPRESENTATIVE, organisation_id=other.id)
    (noticed,) = agent.get("/recipient-notices?state=open").json
    path = f"/recipient-notices/{noticed['id']}/confirmation"
    assert stranger.get("/recipient-notices").json == []
    assert stranger.change("POST", path, 1).status_code == 404
    done = agent.change("POST", path, 1)
    assert done.json["confirmed_at"] == "2026-03-02T09:00:00Z"
    assert agent.change("POST", path, 2).status_code == 409
    assert agent.get("/recipient-notices?state=open").json == []


def test_the_officer_confirms_for_a_recipient_all_until_an_instant(identity_with):
    identity = identity_with(recipients=OTHERS)
    account = identity.given(an_account(identity.given(an_organisation())))
    identity.given(own_standing(account))
    for name in ("Mauer AG", "Mauer SE"):
        rectify(identity, account, company=name)
        identity.clock.advance("PT1M")
    dpo = identity.sign_in(Role.DPO)
    until = (identity.clock.now() - timedelta(seconds=90)).isoformat()
    body = {"recipient": "Mails Ltd", "until": until}
    assert dpo.post("/recipient-notices/confirmation", body).json == {"confirmed": 1}
    assert dpo.post("/recipient-notices/confirmation", body).json == {"confirmed": 0}
    assert len(dpo.get("/recipient-notices?state=open").json) == 3


def test_who_does_not_confirm_in_time_is_an_alarm(identity, anna, agency):
    rectify(identity, anna, company="Mauer AG")
    identity.clock.advance("P31D")
    assert jobs.count_overdue_recipients(identity.runtime) == 0
    identity.clock.advance("P1D")
    assert jobs.count_overdue_recipients(identity.runtime) == 1
    assert scraped(identity)["portal_recipient_notices_overdue"] == 1


def test_a_confirmed_notice_is_gone_after_three_years_and_an_open_one_never(
    identity, anna, agency, agent
):
    for name in ("Mauer AG", "Mauer SE"):
        rectify(identity, anna, company=name)
    newest, _ = agent.get("/recipient-notices").json
    agent.change("POST", f"/recipient-notices/{newest['id']}/confirmation", 1)
    identity.clock.advance(timedelta(days=3 * 366))
    sweep(identity.runtime)
    (left,) = identity.rows(RecipientNotice)
    assert left.confirmed_at is None
