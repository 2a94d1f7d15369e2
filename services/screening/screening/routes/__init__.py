"""HTTP of screening: for compliance and the data protection officer; objections for everybody.

Source: S17, S22.
"""

from screening.routes import lists, objections, reviews, screenings
from screening.routes.blueprint import bp

__all__ = ["bp", "lists", "objections", "reviews", "screenings"]
