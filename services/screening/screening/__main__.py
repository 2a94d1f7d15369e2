"""Processes: `python -m screening web | worker | migrate | job NAME | lists … | rescreen | match | compare`."""

from screening.app import service
from screening.operators import COMMANDS

if __name__ == "__main__":
    service.main(*COMMANDS)
