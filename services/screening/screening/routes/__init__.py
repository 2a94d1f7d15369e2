"""HTTP of screening: for compliance and the data protection officer alone (S17, S22)."""

from screening.routes import lists, reviews, screenings
from screening.routes.blueprint import bp

__all__ = ["bp", "lists", "reviews", "screenings"]
