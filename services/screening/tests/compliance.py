"""What people of compliance do over HTTP, and how they are refused."""

from common.events.catalogue import AccountActivated
from common.web import Role

CLEAR = {"outcome": "clear", "reason": "another_person"}
CONFIRM = {"outcome": "confirm", "reason": "same_person"}


def problem(answer):
    """Type of a problem, after a look at its shape."""
    assert answer.content_type == "application/problem+json", answer.data
    assert answer.json["status"] == answer.status_code
    return answer.json["type"].removeprefix("/problems/")


def seen_by(officer, account_id):
    """Version of a screening, as the officer sees it now."""
    return officer.get(f"/screenings/{account_id}").headers.get("ETag", '"1"').strip('"')


def decide(officer, account_id, body, version=None):
    """Decide, or propose to."""
    path = f"/screenings/{account_id}/decision"
    return officer.change("POST", path, version or seen_by(officer, account_id), body)


def approve(officer, account_id, version=None):
    """Approve what is proposed."""
    path = f"/screenings/{account_id}/proposal/approval"
    return officer.change("POST", path, version or seen_by(officer, account_id))


def withdraw(officer, account_id, version=None):
    """Withdraw or reject what is proposed."""
    path = f"/screenings/{account_id}/proposal"
    return officer.change("DELETE", path, version or seen_by(officer, account_id))


def sign_in_as(screening, account_id, *roles):
    """Sign somebody in who is known here already."""
    screening.when(AccountActivated(account_id=account_id, organisation_id=None, epoch=1))
    return screening.sign_in(*roles, account_id=account_id, known=False)


def two_of(harness):
    """Two people of compliance."""
    return harness.sign_in(Role.COMPLIANCE), harness.sign_in(Role.COMPLIANCE)


def rulings_of(answer):
    """What was ruled about each match, by entry."""
    return {each["entry_id"]: each["decision"] for each in answer.json["matches"]}
