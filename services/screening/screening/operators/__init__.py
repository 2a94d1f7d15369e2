"""What operators and compliance officers call from a shell."""

from screening.operators.lists import lists, rescreen

__all__ = ["COMMANDS", "lists", "rescreen"]

COMMANDS = (lists, rescreen)
