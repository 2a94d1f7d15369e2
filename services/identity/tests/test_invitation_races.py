"""What happens to invitations at once, on both databases; the guards' controls on PostgreSQL."""

import pytest

from common.events.catalogue import InvitationAccepted
from common.web.access import Role
from identity.jobs import send_invitations
from identity.models import Account, Invitation

from .factories import AT, an_organisation, mails
from .test_invitation_acceptance import accept, invited
from .test_invitations import again, invite, only
from .test_races import LOCK, Race

SOON = 0.3
"""Seconds that the first waits for a second who waits for it."""


def a_manager(identity):
    managed = identity.given(an_organisation(user_management_since=AT))
    return identity.sign_in(Role.USER_MANAGER, organisation_id=managed.id)


def two_acceptances(identity, without=""):
    token = invited(identity, a_manager(identity))
    race = Race(identity, ["INSERT INTO accounts"], without, patience=SOON)
    codes = race.run(
        *(lambda name=name: accept(identity, token, given_name=name).status_code for name in "AB")
    )
    accepted = identity.published(InvitationAccepted)
    return sorted(codes), len(identity.rows(Account)), len(accepted)


def test_of_two_acceptances_of_one_link_one_makes_an_account(on_both):
    assert two_acceptances(on_both) == ([204, 404], 1, 1)


@pytest.mark.postgres
def test_one_address_has_one_account_even_without_the_lock_of_its_invitation(on_postgres):
    assert two_acceptances(on_postgres, without=LOCK) == ([204, 404], 1, 1)


def two_resends(identity, without=""):
    manager = a_manager(identity)
    row_id = invite(manager).json["id"]
    mails(identity)
    identity.clock.advance("PT1H")
    manager = identity.sign_in(Role.USER_MANAGER, organisation_id=manager.person.organisation_id)
    race = Race(identity, ["SELECT invitations.asked_at"], without, patience=SOON)
    codes = race.run(*[lambda: again(manager, row_id).status_code] * 2)
    return sorted(codes)


def test_of_two_resends_one_sends_a_new_link(on_both):
    assert two_resends(on_both) == [202, 412]
    assert len(mails(on_both)) == 2


@pytest.mark.postgres
def test_control_without_the_lock_the_second_resend_fails(on_postgres):
    assert two_resends(on_postgres, without=LOCK) == [202, 500]


def two_invitations(identity, without=""):
    manager = a_manager(identity)
    race = Race(identity, ["SELECT invitations.asked_at"], without, patience=SOON)
    codes = race.run(
        *(lambda name=name: invite(manager, f"{name}@m.example").status_code for name in "ab")
    )
    return sorted(codes), len(identity.rows(Invitation))


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def test_two_invitations_at_once_do_not_exceed_the_limit(request, identity_with, database):
    url = "" if database == "sqlite" else request.getfixturevalue("new_postgres_database")("limit")
    identity = identity_with(invitations_per_day=1, **({"database_url": url} if url else {}))
    assert two_invitations(identity) == ([202, 429], 1)


@pytest.mark.postgres
def test_control_without_the_lock_of_the_organisation_they_do(identity_with, new_postgres_database):
    url = new_postgres_database("control")
    identity = identity_with(invitations_per_day=1, database_url=url)
    assert two_invitations(identity, without=LOCK) == ([202, 202], 2)


def two_workers(identity):
    invite(a_manager(identity))
    race = Race(identity, ["UPDATE invitations"], patience=SOON)
    race.run(*[lambda: send_invitations(identity.runtime)] * 2)
    return len(mails(identity)), only(identity).sent_at is not None


def test_of_two_workers_one_sends_an_invitation(on_both):
    assert two_workers(on_both) == (1, True)
