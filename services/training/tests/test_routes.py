import json
from datetime import timedelta

import pytest

from common.events.catalogue import BookingCancelled, BookingConfirmed
from common.ids import uuid7
from common.messaging.outbox import OutboxRow
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.texts import LANGUAGES
from common.web import Role
from common.web.standing import AccountStanding, Standing
from training.models import Booking, Participant, TrainingSession
from training.rules import MOST_PARTICIPANTS

from .factories import ENDS_AT, STARTS_AT, a_participant, a_plan, a_request, a_session, book, cancel

TRAINER, MANAGER, MEMBER = Role.TRAINER, Role.USER_MANAGER, Role.MEMBER


def problem(answer):
    """Type of a problem, after a look at its shape."""
    assert answer.content_type == "application/problem+json", answer.data
    assert answer.json["status"] == answer.status_code
    return answer.json["type"].removeprefix("/problems/")


# --------------------------------------------------------------------------------------- sessions


def test_trainings_to_come_are_listed_for_every_customer(training):
    to_come = training.given(a_session(capacity=10, seats_taken=4))
    training.given(a_session(state="cancelled"))
    begun = training.clock.now()
    training.given(a_session(starts_at=begun, ends_at=ENDS_AT))

    listed = training.sign_in().get("/sessions").json

    assert [each["id"] for each in listed] == [str(to_come.id)]
    assert listed[0]["title"]["nl"] == "Kanten voor beginners"
    assert listed[0]["starts_at"] == "2026-06-01T08:00:00Z"
    assert listed[0]["seats_free"] == 6


def test_trainings_come_in_pages(training):
    sessions = [str(training.given(a_session()).id) for _ in range(5)]
    member = training.sign_in()
    first = member.get("/sessions?limit=3")
    assert [each["id"] for each in first.json] == sessions[:1:-1]
    rest = member.get(first.headers["Link"].split(">")[0].removeprefix("<"))
    assert [each["id"] for each in rest.json] == sessions[1::-1]
    assert "Link" not in rest.headers


def test_a_trainer_plans_a_training_that_customers_see(training):
    answer = training.sign_in(TRAINER).post("/sessions", json=a_plan(capacity=12))
    assert answer.status_code == 201
    assert answer.json["state"] == "planned"
    assert answer.json["seats_free"] == 12
    seen = training.sign_in().get(f"/sessions/{answer.json['id']}")
    assert seen.json == answer.json
    assert seen.headers["ETag"] == '"1"'


@pytest.mark.parametrize("role", [each for each in Role if each is not TRAINER])
def test_nobody_but_a_trainer_plans_or_cancels_a_training(training, role):
    session = training.given(a_session())
    person = training.sign_in(role)
    assert problem(person.post("/sessions", json=a_plan())) == "not-allowed"
    cancelled = person.change("POST", f"/sessions/{session.id}/cancellation", 1)
    assert problem(cancelled) == "not-allowed"
    assert [row.state for row in training.rows(TrainingSession)] == ["planned"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"starts_at": "2026-03-02T09:00:00Z"}, "/starts_at"),
        ({"starts_at": "2046-03-02T09:00:00Z"}, "/starts_at"),
        ({"ends_at": "2026-06-01T08:00:00Z"}, "/ends_at"),
        ({"ends_at": "2026-08-01T08:00:00Z"}, "/ends_at"),
        ({"starts_at": "2026-06-01T08:00:00"}, "/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+23:59"}, "/starts_at"),
        ({"ends_at": "9999-12-31T23:59:59-23:59"}, "/ends_at"),
        ({"starts_at": 5}, "/starts_at"),
        ({"capacity": 0}, "/capacity"),
        ({"capacity": 1001}, "/capacity"),
        ({"capacity": 10**30}, "/capacity"),
        ({"capacity": "7"}, "/capacity"),
        ({"capacity": True}, "/capacity"),
        ({"title": "Laser"}, "/title"),
        ({"title": {"en": "a", "nl": "b"}}, "/title/de"),
        ({"place": "a\x00b"}, "/place"),
        ({"place": "x" * 201}, "/place"),
        ({"seats_taken": 3}, "/seats_taken"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_by_field(training, fields, pointer):
    answer = training.sign_in(TRAINER).post("/sessions", json=a_plan(**fields))
    assert answer.status_code == 422
    assert any(each.startswith(pointer) for each in pointers(answer))
    assert training.rows(TrainingSession) == []


def test_cancelling_a_training_cancels_its_bookings(on_both):
    session = on_both.given(a_session())
    bookings = {book(on_both.sign_in(), session, seats)["id"] for seats in (2, 3)}
    on_both.forget_published()

    answer = on_both.sign_in(TRAINER).change("POST", f"/sessions/{session.id}/cancellation", 1)

    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["seats_free"]) == ("cancelled", 10)
    assert answer.headers["ETag"] == '"2"'
    assert {row.state for row in on_both.rows(Booking)} == {"cancelled"}
    assert {str(each.booking_id) for each in on_both.published(BookingCancelled)} == bookings


def test_a_training_is_cancelled_once_before_it_begins_and_in_the_version_seen(training):
    session = training.given(a_session())
    path = f"/sessions/{session.id}/cancellation"
    trainer = training.sign_in(TRAINER)
    assert problem(trainer.post(path)) == "precondition-missing"
    assert problem(trainer.change("POST", path, 9)) == "stale"
    assert trainer.change("POST", path, 1).status_code == 200
    assert problem(trainer.change("POST", path, 2)) == "illegal-transition"
    begun = training.given(a_session(starts_at=training.clock.now()))
    answer = trainer.change("POST", f"/sessions/{begun.id}/cancellation", 1)
    assert problem(answer) == "session-over"
    unknown = trainer.change("POST", f"/sessions/{uuid7()}/cancellation", 1)
    assert problem(unknown) == "not-found"


# --------------------------------------------------------------------------------------- booking


@pytest.mark.parametrize(
    "address", ["i.o'hm+x@mail.example.com", "jürgen@example.de", "a@b.xn--p1ai", "0@1.test"]
)
def test_addresses_of_many_kinds_are_kept_as_they_were_sent(training, address):
    participants = [a_participant(email=address)]
    session = training.given(a_session())
    request = a_request(session, participants=participants)
    booking = training.sign_in().post("/bookings", json=request).json
    assert _entered(booking) == participants


def _entered(booking):
    return [{k: v for k, v in each.items() if k != "id"} for each in booking["participants"]]


def test_a_booking_takes_seats_and_says_so(on_both):  # S79, S81
    session = on_both.given(a_session())
    booker = on_both.sign_in()

    booking = book(booker, session, 3)

    assert booking["state"] == "confirmed"
    assert booking["seats"] == 3
    assert booking["account_id"] == str(booker.person.account_id)
    assert booking["booked_at"] == "2026-03-02T09:00:00Z"
    assert booking["cancelled_at"] is None
    assert _entered(booking) == [a_participant(number) for number in range(3)]
    assert on_both.rows(TrainingSession)[0].seats_taken == 3
    assert on_both.published() == [
        BookingConfirmed(
            booking_id=on_both.rows(Booking)[0].id,
            session_id=session.id,
            organisation_id=booker.person.organisation_id,
            seats=3,
            account_id=booker.person.account_id,
        )
    ]


def test_the_same_request_sent_again_books_once(on_both):
    session = on_both.given(a_session())
    booker = on_both.sign_in()
    header = {"Idempotency-Key": "one-and-the-same"}
    answers = [
        booker.post("/bookings", json=a_request(session, 2), headers=header) for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert on_both.rows(TrainingSession)[0].seats_taken == 2
    assert len(on_both.published(BookingConfirmed)) == 1


def test_the_last_seats_are_given_and_no_more(training):
    session = training.given(a_session(capacity=5))
    booker = training.sign_in()
    book(booker, session, 3)
    assert problem(booker.post("/bookings", json=a_request(session, 3))) == "seats-taken"
    book(booker, session, 2)
    assert problem(booker.post("/bookings", json=a_request(session, 1))) == "seats-taken"
    assert len(training.rows(Booking)) == 2
    assert len(training.rows(Participant)) == 5


def test_a_refusal_is_said_in_the_readers_language(training):
    session = training.given(a_session(capacity=1))
    answer = training.sign_in().post(
        "/bookings", json=a_request(session, 2), headers={"Accept-Language": "nl-NL"}
    )
    assert answer.json["title"] == "Er zijn niet genoeg vrije plaatsen"


def test_a_training_that_has_begun_or_was_cancelled_cannot_be_booked(training):
    booker = training.sign_in()
    cancelled = training.given(a_session(state="cancelled"))
    begun = training.given(a_session(starts_at=training.clock.now()))
    for session in (cancelled, begun):
        answer = booker.post("/bookings", json=a_request(session))
        assert problem(answer) == "session-over"
    assert training.rows(Booking) == []


def test_a_training_that_does_not_exist_cannot_be_booked(training):
    answer = training.sign_in().post("/bookings", json=a_request(a_session(id=uuid7())))
    assert problem(answer) == "not-found"


@pytest.mark.parametrize("role", [each for each in Role if each not in (MEMBER, MANAGER)])
def test_only_people_of_a_customer_book(training, role):
    session = training.given(a_session())
    answer = training.sign_in(role).post("/bookings", json=a_request(session))
    assert problem(answer) == "not-allowed"
    assert training.rows(TrainingSession)[0].seats_taken == 0


@pytest.mark.parametrize("state", [each for each in Standing if each is not Standing.ACTIVE])
def test_only_an_active_account_books(training, state):  # S79, S80
    session = training.given(a_session())
    booker = training.sign_in()
    with training.runtime.transaction() as database:
        standing = database.get(AccountStanding, booker.person.account_id)
        standing.state = state
    answer = booker.post("/bookings", json=a_request(session))
    restricted = state is Standing.RESTRICTED
    assert problem(answer) == ("account-restricted" if restricted else "account-not-active")
    assert training.rows(Booking) == []


def test_nothing_is_shown_without_signing_in(training):
    session = training.given(a_session())
    booking = book(training.sign_in(), session)
    nobody = training.anonymous()
    for path in (
        "/sessions",
        f"/sessions/{session.id}",
        "/bookings",
        "/bookings/schema",
        f"/bookings/{booking['id']}",
    ):
        assert problem(nobody.get(path)) == "not-signed-in"
    for path in (
        "/sessions",
        f"/sessions/{session.id}/cancellation",
        "/bookings",
        f"/bookings/{booking['id']}/cancellation",
    ):
        assert problem(nobody.post(path)) == "not-signed-in"


BAD_REQUESTS = {
    "session_id of a wrong type": {"session_id": 5},
    "session_id that is none": {"session_id": "x" * 5000},
    "no participants": {"participants": []},
    "too many participants": {"participants": [a_participant()] * 21},
    "participants of a wrong type": {"participants": "everybody"},
    "a participant of a wrong type": {"participants": [7]},
    "a missing name": {"participants": [{"email": "a@example.com", "language": "de"}]},
    "an empty name": {"participants": [a_participant(name="")]},
    "a blank name": {"participants": [a_participant(name=" ")]},
    "a NUL in a name": {"participants": [a_participant(name="a\x00b")]},
    "a name that is too long": {"participants": [a_participant(name="x" * 201)]},
    "a name that is a number": {"participants": [a_participant(name=10**40)]},
    "no address": {"participants": [a_participant(email="nowhere")]},
    "two lines in an address": {"participants": [a_participant(email="a@example.com\nb")]},
    "a long address": {"participants": [a_participant(email="a" * 250 + "@example.com")]},
    "an address with a comma": {"participants": [a_participant(email="a,b@example.com")]},
    "an address with two dots": {"participants": [a_participant(email="a..b@example.com")]},
    "an address without a domain": {"participants": [a_participant(email="a@example")]},
    "an address that takes long": {"participants": [a_participant(email="a." * 120 + "@")]},
    "an address that is null": {"participants": [a_participant(email=None)]},
    "a language we do not speak": {"participants": [a_participant(language="fr")]},
    "a field too many": {"organisation_id": "018f0000-0000-7000-8000-000000000000"},
}


@pytest.mark.parametrize("fields", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_booking_that_does_not_fit_is_refused_and_takes_no_seat(training, fields):
    session = training.given(a_session())
    answer = training.sign_in().post("/bookings", json=a_request(session, **fields))
    assert problem(answer) == "invalid"
    assert pointers(answer)
    assert training.rows(Booking) == []
    assert training.rows(TrainingSession)[0].seats_taken == 0


BAD_BODIES = [
    b"", b"null", b"[]", b"7", b'{"session_id": NaN}', b'{"session_id": "\\ud800"}', b"\xff\xfe",
    b"[" * 100_000, b'{"participants": 1e999}',
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_body_that_is_no_request_is_a_problem_and_no_fault_of_ours(training, body):
    answer = training.sign_in().call(
        "POST",
        "/bookings",
        data=body,
        headers={"Idempotency-Key": "12345678", "Content-Type": "application/json"},
    )
    assert problem(answer)
    assert 400 <= answer.status_code < 500


def test_booking_needs_an_idempotency_key(training):
    session = training.given(a_session())
    answer = training.sign_in().call("POST", "/bookings", json=a_request(session))
    assert problem(answer) == "idempotency-key-missing"


# ------------------------------------------------------------------------ who sees and cancels


def people(training, organisation_id):
    """Everybody who might look at a booking of this organisation, by who they are to it."""
    return {
        "colleague": training.sign_in(organisation_id=organisation_id),
        "manager": training.sign_in(MANAGER, organisation_id=organisation_id),
        "trainer": training.sign_in(TRAINER),
        "stranger": training.sign_in(),
        "other manager": training.sign_in(MANAGER),
        "support": training.sign_in(Role.SUPPORT),
        "representative": training.sign_in(Role.REPRESENTATIVE),
    }


def test_a_booking_is_seen_by_colleagues_and_trainers_alone(training):  # S81
    booker = training.sign_in()
    booking = book(booker, training.given(a_session()))
    everybody = people(training, booker.person.organisation_id)
    seen = {
        who: person.get(f"/bookings/{booking['id']}").status_code
        for who, person in everybody.items()
    }
    assert seen == {
        "colleague": 200,
        "manager": 200,
        "trainer": 200,
        "stranger": 404,
        "other manager": 404,
        "support": 404,
        "representative": 404,
    }
    assert booker.get(f"/bookings/{booking['id']}").json == booking


def test_lists_hold_the_bookings_of_the_own_organisation_and_for_trainers_all(training):
    session, other_session = training.given(a_session()), training.given(a_session())
    booker, stranger, trainer = training.sign_in(), training.sign_in(), training.sign_in(TRAINER)
    own, others = book(booker, session), book(stranger, other_session)
    colleague = training.sign_in(organisation_id=booker.person.organisation_id)
    assert colleague.get("/bookings").json == [own]
    assert trainer.get("/bookings").json == [others, own]
    assert trainer.get(f"/bookings?session_id={session.id}").json == [own]
    assert booker.get(f"/bookings?session_id={other_session.id}").json == []
    assert problem(training.sign_in(Role.SUPPORT).get("/bookings")) == "not-allowed"
    for query in ("limit=0", "limit=x", "cursor=%00", "cursor=ä", "session_id=5"):
        assert booker.get(f"/bookings?{query}").status_code == 422


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("colleague", 403),
        ("manager", 200),
        ("trainer", 200),
        ("stranger", 404),
        ("other manager", 404),
        ("support", 404),
        ("representative", 404),
    ],
)
def test_who_cancels_a_booking(training, who, status):
    booker = training.sign_in()
    booking = book(booker, training.given(a_session()))
    person = people(training, booker.person.organisation_id)[who]
    assert cancel(person, booking).status_code == status
    state = "cancelled" if status == 200 else "confirmed"
    assert training.rows(Booking)[0].state == state


def correct(person, booking, participant_id, **fields):
    path = f"/bookings/{booking['id']}/participants/{participant_id}"
    return person.change("PUT", path, booking["version"], a_participant(**fields))


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("colleague", 403),
        ("manager", 200),
        ("trainer", 200),
        ("stranger", 404),
        ("other manager", 404),
        ("support", 404),
        ("representative", 404),
    ],
)
def test_who_corrects_a_participant(training, who, status):  # S81, art. 16
    booker = training.sign_in()
    booking = book(booker, training.given(a_session()), 2)
    first, second = booking["participants"]
    person = people(training, booker.person.organisation_id)[who]
    answer = correct(person, booking, first["id"], name="Ines Voss")
    assert answer.status_code == status
    named = {str(each.id): each.name for each in training.rows(Participant)}
    assert named[first["id"]] == ("Ines Voss" if status == 200 else first["name"])
    assert named[second["id"]] == second["name"]


def test_a_correction_says_what_it_saw_and_is_noted(training):
    booker = training.sign_in()
    booking = book(booker, training.given(a_session()))
    [participant] = booking["participants"]
    corrected = correct(booker, booking, participant["id"], language="nl").json
    assert corrected["version"] == booking["version"] + 1
    assert corrected["participants"][0]["language"] == "nl"
    assert correct(booker, booking, participant["id"]).status_code == 412
    assert [each.action for each in training.rows(AuditEntry)] == ["booking.correct"]


def test_a_participant_of_another_booking_is_not_to_be_had(training):
    booker, stranger = training.sign_in(), training.sign_in()
    session = training.given(a_session())
    booking, other = book(booker, session), book(stranger, session)
    answer = correct(booker, booking, other["participants"][0]["id"])
    assert answer.status_code == 404
    assert {each.name for each in training.rows(Participant)} == {"Ines Ohm 0"}


def test_a_cancelled_booking_gives_its_seats_back_once(on_both):
    session = on_both.given(a_session(capacity=2))
    booker = on_both.sign_in()
    booking = book(booker, session, 2)
    on_both.forget_published()

    answer = cancel(booker, booking)

    assert answer.status_code == 200
    assert answer.json["state"] == "cancelled"
    assert answer.json["cancelled_at"] == "2026-03-02T09:00:00Z"
    assert answer.json["version"] == 2
    assert answer.headers["ETag"] == '"2"'
    assert on_both.rows(TrainingSession)[0].seats_taken == 0
    assert [str(each.booking_id) for each in on_both.published(BookingCancelled)] == [booking["id"]]
    assert problem(cancel(booker, booking)) == "stale"
    assert problem(cancel(booker, answer.json)) == "illegal-transition"
    book(on_both.sign_in(), session, 2)


def test_a_booking_cannot_be_cancelled_once_the_training_has_begun(training):
    booker = training.sign_in()
    booking = book(booker, training.given(a_session()))
    training.clock.instant = STARTS_AT
    later = training.sign_in(
        account_id=booker.person.account_id,
        organisation_id=booker.person.organisation_id,
        known=False,
    )
    assert problem(cancel(later, booking)) == "session-over"
    training.clock.instant = STARTS_AT - timedelta(seconds=1)
    assert cancel(later, booking).status_code == 200


def test_a_cancellation_says_what_it_saw(training):
    booker = training.sign_in()
    booking = book(booker, training.given(a_session()))
    path = f"/bookings/{booking['id']}/cancellation"
    assert problem(booker.post(path)) == "precondition-missing"
    assert problem(booker.change("POST", path, 2)) == "stale"
    assert problem(booker.change("POST", f"/bookings/{uuid7()}/cancellation", 1)) == "not-found"
    assert booker.post("/bookings/1/cancellation").status_code == 404


# ------------------------------------------------------------------------------ form and privacy


def test_the_form_marks_as_required_what_the_check_requires(training):
    session = training.given(a_session())
    booker = training.sign_in()
    form = booker.get("/bookings/schema").json["fields"]
    assert {each["name"] for each in form} == {
        "session_id",
        "participants",
        "participants.name",
        "participants.email",
        "participants.language",
    }
    for field in form:
        body = a_request(session)
        *path, last = field["name"].split(".")
        del (body["participants"][0] if path else body)[last]
        answer = booker.post("/bookings", json=body)
        assert (answer.status_code == 422) == field["required"]
        assert pointers(answer) == {"/" + "/0/".join([*path, last])}


def test_the_form_says_of_personal_fields_what_their_columns_say(training):
    answer = training.sign_in().get("/bookings/schema")
    form = {each["name"]: each for each in answer.json["fields"]}
    for name in ("name", "email", "language"):
        field = form[f"participants.{name}"]
        assert field["basis"] == Participant.__personal__.basis
        assert field["category"] == getattr(Participant, name).info["personal"].category
        assert field["retention"].startswith("3 years from the end of the training")
    assert form["session_id"]["category"] is form["session_id"]["basis"] is None


@pytest.mark.parametrize(
    ("language", "label", "purpose"),
    [
        ("en", "E-mail address", "To prepare and hold the training"),
        ("nl", "E-mailadres", "Om de training voor te bereiden"),
        ("de", "E-Mail-Adresse", "Um die Schulung vorzubereiten"),
    ],
)
def test_the_form_is_in_the_readers_language(training, language, label, purpose):
    answer = training.sign_in().get("/bookings/schema", headers={"Accept-Language": language})
    form = {each["name"]: each for each in answer.json["fields"]}
    assert answer.headers["Content-Language"] == language
    assert form["participants.email"]["label"] == label
    assert all(each["purpose"].startswith(purpose) for each in form.values())


def test_the_form_says_how_many_participants_fit_and_which_languages_there_are(training):
    form = {
        each["name"]: each for each in training.sign_in().get("/bookings/schema").json["fields"]
    }
    entries = form["participants"]
    assert (entries["kind"], entries["shortest"]) == ("list", 1)
    assert entries["longest"] == MOST_PARTICIPANTS
    assert {each["value"] for each in form["participants.language"]["options"]} == set(LANGUAGES)


def test_the_document_marks_the_same_fields_as_personal(training):
    document = training.app.test_client().get("/openapi.json").json
    properties = document["components"]["schemas"]["NewParticipant"]["properties"]
    form = {
        each["name"]: each for each in training.sign_in().get("/bookings/schema").json["fields"]
    }
    for name, field in properties.items():
        facts = field["x-personal-data"]
        assert facts["category"] == form[f"participants.{name}"]["category"]
        assert facts["basis"] == form[f"participants.{name}"]["basis"]
        assert facts["purpose"] == Participant.__personal__.purpose
        assert facts["retention"] == Participant.__personal__.keep


def test_no_participant_appears_in_events_errors_or_logs(training, capfd):
    session = training.given(a_session())
    booker = training.sign_in()
    canary = a_participant(name="Canary Quill", email="canary.quill@example.com")
    request = a_request(session, participants=[canary])
    booking = booker.post("/bookings", json=request)
    assert booking.status_code == 201
    cancel(booker, booking.json)
    refused = booker.post(
        "/bookings", json=a_request(session, participants=[{**canary, "language": "Canary"}])
    )
    sent = b"".join(row.body for row in training.rows(OutboxRow))
    printed = capfd.readouterr()
    for text in (json.dumps(refused.json), sent.decode(), printed.out, printed.err):
        assert "anary" not in text
