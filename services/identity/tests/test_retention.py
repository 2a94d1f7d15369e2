"""What is kept for a while, and goes (S30, S39)."""

from identity.mails import write
from identity.models import LinkToken, Mail, MailKind, RefreshToken, SignInSession
from identity.retention import forget_spent_tokens

from .factories import PASSWORD, an_account, mails, with_password


def test_sign_ins_links_and_notes_of_mails_are_forgotten_when_their_time_is_over(
    identity, customer
):
    account = identity.given(with_password(identity, an_account(customer)))
    asked = {"email": account.email, "password": PASSWORD}
    identity.anonymous().post("/sessions", asked)
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    mails(identity)

    def left():
        tables = (SignInSession, RefreshToken, LinkToken, Mail)
        return [len(identity.rows(model)) for model in tables]

    assert (forget_spent_tokens(identity.runtime), left()) == (0, [1, 1, 1, 1])
    identity.clock.advance("P1DT1S")
    assert (forget_spent_tokens(identity.runtime), left()) == (4, [1, 1, 1, 0])
    identity.clock.advance("P6D")
    assert (forget_spent_tokens(identity.runtime), left()) == (1, [1, 0, 1, 0])
    identity.clock.advance("P1D")
    assert (forget_spent_tokens(identity.runtime), left()) == (1, [1, 0, 0, 0])
    identity.clock.advance("P82D")
    assert (forget_spent_tokens(identity.runtime), left()) == (2, [0, 0, 0, 0])
