"""Addresses: which can be mailed to, and by which spelling one is recognised."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


class AddressNotValid(ValueError):
    """Nothing can be mailed to this."""


def email_key(address: str) -> str:
    """The one spelling by which an address is recognised (S30); raises AddressNotValid."""
    return mailable(address).casefold()


def mailable(address: str) -> str:
    """An address as mail servers write it: its domain in ASCII; raises AddressNotValid."""
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise AddressNotValid from error
    return str(found.ascii_email)
