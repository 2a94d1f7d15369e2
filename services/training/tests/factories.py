"""Sessions, bookings and requests with nothing special about them."""

from datetime import UTC, datetime

from common.texts import Text
from training.models import TrainingSession

STARTS_AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
ENDS_AT = datetime(2026, 6, 2, 15, 30, tzinfo=UTC)


def a_session(**facts):
    """A session three months ahead of the harness's clock."""
    return TrainingSession(
        **{
            "title": Text("Bending for beginners", "Kanten voor beginners", "Biegen für Anfänger"),
            "place": "Training hall 2",
            "starts_at": STARTS_AT,
            "ends_at": ENDS_AT,
            "capacity": 10,
            **facts,
        }
    )


def a_plan(**fields):
    """Body of a request to plan a session."""
    return {
        "title": {"en": "Laser safety", "nl": "Laserveiligheid", "de": "Lasersicherheit"},
        "place": "Training hall 1",
        "starts_at": "2026-06-01T08:00:00Z",
        "ends_at": "2026-06-01T16:00:00Z",
        "capacity": 12,
        **fields,
    }


def a_participant(number=1, **fields):
    """A participant of a request."""
    return {
        "name": f"Ines Ohm {number}",
        "email": f"ines.ohm{number}@example.com",
        "language": "de",
        **fields,
    }


def a_request(session, seats=1, **fields):
    """Body of a request to book so many seats."""
    participants = [a_participant(number) for number in range(seats)]
    return {"session_id": str(session.id), "participants": participants, **fields}


def book(caller, session, seats=1):
    """Book through the front door; return the booking as answered."""
    answer = caller.post("/bookings", json=a_request(session, seats))
    assert answer.status_code == 201, answer.json
    return answer.json


def cancel(caller, booking):
    """Cancel a booking in the version it was seen."""
    path = f"/bookings/{booking['id']}/cancellation"
    return caller.change("POST", path, booking["version"])
