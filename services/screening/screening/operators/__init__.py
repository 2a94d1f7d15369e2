"""What operators and compliance officers call from a shell."""

from screening.operators.lists import lists, rescreen
from screening.operators.tools import compare, match

__all__ = ["COMMANDS", "compare", "lists", "match", "rescreen"]

COMMANDS = (lists, rescreen, match, compare)
