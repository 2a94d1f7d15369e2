"""Tables of identity, and what each column says about a person; one module for each subject."""

from identity.models.accounts import Account, StaffRole
from identity.models.base import Base
from identity.models.erasures import (
    ErasurePlan,
    ErasureRequest,
    HeldErasure,
    ReceivedReceipt,
)
from identity.models.invitations import Invitation
from identity.models.legal_holds import LegalHold
from identity.models.mails import Mail, MailKind
from identity.models.notices import Notice
from identity.models.notifications import MutedTopic, Topic
from identity.models.objections import AdvertisingObjection, ObjectionSurface
from identity.models.organisations import Organisation, OrganisationKind
from identity.models.profiles import VoluntaryProfile
from identity.models.recipient_notices import NoticedAct, RecipientKind, RecipientNotice
from identity.models.recovery import AddressChange, RecoveryCount, RecoveryRequest
from identity.models.representatives import ContractKind, Representation
from identity.models.rights import RightsRequest
from identity.models.second_factors import (
    SECOND_FACTORS,
    AuthenticatorApp,
    ChallengePurpose,
    Passkey,
    PasskeyChallenge,
    PendingSignIn,
    RecoveryCode,
)
from identity.models.sign_in import (
    LinkPurpose,
    LinkToken,
    Outcome,
    RefreshToken,
    SignInSession,
    SignInThrottle,
    SignInTry,
)

__all__ = [
    "SECOND_FACTORS",
    "Account",
    "AddressChange",
    "AdvertisingObjection",
    "AuthenticatorApp",
    "Base",
    "ChallengePurpose",
    "ContractKind",
    "ErasurePlan",
    "ErasureRequest",
    "HeldErasure",
    "Invitation",
    "LegalHold",
    "LinkPurpose",
    "LinkToken",
    "Mail",
    "MailKind",
    "MutedTopic",
    "Notice",
    "NoticedAct",
    "ObjectionSurface",
    "Organisation",
    "OrganisationKind",
    "Outcome",
    "Passkey",
    "PasskeyChallenge",
    "PendingSignIn",
    "ReceivedReceipt",
    "RecipientKind",
    "RecipientNotice",
    "RecoveryCode",
    "RecoveryCount",
    "RecoveryRequest",
    "RefreshToken",
    "Representation",
    "RightsRequest",
    "SignInSession",
    "SignInThrottle",
    "SignInTry",
    "StaffRole",
    "Topic",
    "VoluntaryProfile",
]  # fmt: skip
