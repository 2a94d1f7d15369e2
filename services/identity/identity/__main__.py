"""`python -m identity web | worker | migrate | job NAME`, and the operator's own commands."""

from identity import operators
from identity.app import service

if __name__ == "__main__":
    service.main(*operators.COMMANDS)
