"""Tables of identity, and what each column says about a person; one module for each subject."""

from identity.models.accounts import Account, StaffRole
from identity.models.base import Base
from identity.models.erasures import ErasureRequest, ReceivedReceipt
from identity.models.mails import Mail, MailKind
from identity.models.organisations import Organisation, OrganisationKind
from identity.models.sign_in import LinkPurpose, LinkToken, RefreshToken, SignInSession

__all__ = [
    "Account", "Base", "ErasureRequest", "LinkPurpose", "LinkToken", "Mail", "MailKind",
    "Organisation", "OrganisationKind", "ReceivedReceipt", "RefreshToken", "SignInSession",
    "StaffRole",
]  # fmt: skip
