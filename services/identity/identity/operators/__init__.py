"""Operator commands: results on stdout, talk on stderr; exit code 1 when it was not done (S12)."""

from identity.operators.accounts import account, sessions
from identity.operators.keys import keys, peppers
from identity.operators.mails import mails
from identity.operators.notices import notices
from identity.operators.organisations import organisation
from identity.operators.representatives import representative
from identity.operators.staff import staff

COMMANDS = (staff, organisation, representative, account, sessions, mails, notices, keys, peppers)
"""What `python -m identity` knows beside web, worker, migrate and job."""
