"""Processes: `python -m screening web | worker | migrate | job NAME | lists … | rescreen`."""

from screening import operators
from screening.app import service

if __name__ == "__main__":
    service.main(operators.lists, operators.rescreen)
