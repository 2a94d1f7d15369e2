"""HTTP: parse, authorise, rule, persist, publish; one module for each subject."""

from identity.routes import (
    accounts,
    directory,
    erasures,
    exports,
    internal,
    invitations,
    legal_holds,
    notices,
    notifications,
    objections,
    organisations,
    passwords,
    profile,
    recipient_notices,
    recovery,
    registration,
    representatives,
    restriction,
    retention,
    rights,
    second_factors,
    sessions,
    sign_in,
)
from identity.routes.blueprint import bp

__all__ = [
    "accounts", "bp", "directory", "erasures", "exports", "internal", "invitations", "legal_holds",
    "notices", "notifications", "objections", "organisations", "passwords", "profile",
    "recipient_notices", "recovery", "registration", "representatives", "restriction", "retention",
    "rights", "second_factors", "sessions", "sign_in",
]  # fmt: skip
