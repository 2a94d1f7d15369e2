"""A password changed by its owner, who is signed in (S29, S36)."""

import pytest

from common.testing.harness import pointers
from identity.models import Mail, MailKind, SignInThrottle

from .factories import PASSWORD, an_account, own_standing, with_password
from .test_sessions import BROWSER, NEXT, goes_on, refresh, session_of, sign_in, with_token


@pytest.fixture
def anna(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    identity.given(own_standing(account))
    return account


def change(identity, answer, current=PASSWORD, password=NEXT):
    body = {"current_password": current, "password": password}
    caller = with_token(identity, answer)
    return caller.call("PUT", "/accounts/me/password", json=body, headers=BROWSER)


def test_changing_the_password_ends_all_other_sign_ins_and_this_one_goes_on(identity, anna):
    here, elsewhere = sign_in(identity, anna), sign_in(identity, anna)
    anew = change(identity, here)
    assert anew.status_code == 200
    assert session_of(anew) == session_of(here)
    assert goes_on(identity, elsewhere) == (False, False)
    assert with_token(identity, here).get("/accounts/me").status_code == 401
    assert goes_on(identity, anew) == (True, True)
    assert sign_in(identity, anna).status_code == 401
    assert sign_in(identity, anna, NEXT).status_code == 201
    assert [each.kind for each in identity.rows(Mail)] == [MailKind.PASSWORD_CHANGED]


def test_the_refresh_token_of_before_a_change_of_password_counts_as_copied(identity, anna):
    here = sign_in(identity, anna)
    anew = change(identity, here)
    assert refresh(identity, here).status_code == 401
    assert refresh(identity, anew).status_code == 401


def test_who_does_not_know_the_password_cannot_change_it_and_is_slowed_down(identity, anna):
    here = sign_in(identity, anna)
    answers = [change(identity, here, "a wrong password") for _ in range(5)]
    assert {each.status_code for each in answers} == {422}
    assert all(pointers(each) == {"/current_password"} for each in answers)
    assert change(identity, here).status_code == 429
    assert sign_in(identity, anna).status_code == 429
    identity.clock.advance("PT5S")
    assert change(identity, here).status_code == 200
    assert {row.failures for row in identity.rows(SignInThrottle)} == {0}


def test_a_guessable_password_is_not_taken_instead(identity, anna):
    here = sign_in(identity, anna)
    answer = change(identity, here, password="Anna.Muster.1")
    assert (answer.status_code, pointers(answer)) == (422, {"/password"})
    assert sign_in(identity, anna).status_code == 201


def test_the_change_of_password_counts_no_try_that_was_right(identity, anna):
    here = sign_in(identity, anna)
    for _ in range(7):
        answer = change(identity, here, password="Anna.Muster.1")
        assert answer.status_code == 422
