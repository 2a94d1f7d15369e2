"""`python -m screening web | worker | migrate | job NAME`, and the commands of operators."""

from screening.app import service
from screening.operators import COMMANDS

if __name__ == "__main__":
    service.main(*COMMANDS)
