"""Settings of identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from common import settings
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.settings import setting, urls_by_service

DEVELOPMENT_PEPPER = "development:not-a-secret"
LEAST_COST, LEAST_PEPPER = 10, 32
OTHERS = frozenset(OWNERS_OF_PERSONAL_DATA) - {"identity"}
RECIPIENTS = ("provider", "group_company")
UNSET = ".example"
"""Ending of the addresses that are defaults and nobody's."""


@dataclass(frozen=True, kw_only=True)
class Settings(settings.Settings):
    """Secrets of the password hashes, the way out for mails, and whom people can turn to."""

    pepper: str = setting(
        "secret mixed into password hashes (32 characters or more); to change it give "
        "`NEW_ID:NEW_SECRET,OLD_ID:OLD_SECRET`, the first is used for new hashes",
        default=DEVELOPMENT_PEPPER,
        secret=True,
    )
    bcrypt_cost: int = setting(
        "work factor of password hashes, as a power of 2",
        default=12,
        allowed=lambda value: 4 <= value <= 16,
    )
    hash_queue: int = setting(
        "password hashes that may wait for a thread; more are answered with 503",
        default=4,
        allowed=lambda value: value >= 0,
    )
    second_factor_for_staff: bool = setting(
        "whether staff must sign in with a second factor (true in production)", default=True
    )
    mail_url: str = setting(
        "where mails go: `smtps://…`, `smtp+starttls://…`, `smtp://…` or `folder:PATH`",
        default="folder:var/mail",
        secret=True,
    )
    mail_from: str = setting("sender's address of mails", default="portal@operator.example")
    operator_name: str = setting("who runs the portal", default="The operator of the portal")
    contact_address: str = setting("postal address of the operator, one line", default="")
    contact_email: str = setting("address people can write to", default="service@operator.example")
    contact_phone: str = setting("telephone people can call", default="")
    dpo_email: str = setting(
        "address of the data protection officer", default="privacy@operator.example"
    )
    services: str = setting(
        "base URL of every other service: screening=http://…,uploads=http://…,…; what erasing a "
        "person would do, and what is told of a person, is asked there",
        default="",
        allowed=lambda value: not value or set(urls_by_service(value)) == OTHERS,
    )
    recipients: str = setting(
        "other companies that get people's data, to be told of rectification, restriction and "
        "erasure (art. 19 GDPR): `provider:NAME;group_company:NAME;…`",
        default="",
        allowed=lambda value: all(kind in RECIPIENTS and name for kind, name in named(value)),
    )
    invitations_per_day: int = setting(
        "invitations that one organisation may send in 24 hours",
        default=1000,
        allowed=lambda value: value >= 1,
    )

    recoveries_per_hour: int = setting(
        "requests for new passwords, and for rights without an account, that one network may send "
        "in an hour",
        default=60,
        allowed=lambda value: value >= 1,
    )

    @property
    def other_recipients(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of each company that gets people's data, representatives aside."""
        return tuple(named(self.recipients))

    @property
    def peer_urls(self) -> Mapping[str, str]:
        """Base URL of each service that identity calls."""
        return urls_by_service(self.services)

    def problems(self) -> list[str]:
        """Refuse in production what is only for development."""
        if self.profile != "production":
            return super().problems()
        return [*super().problems(), *self._only_for_development()]

    def _only_for_development(self) -> list[str]:
        faults = []
        if self.pepper == DEVELOPMENT_PEPPER:
            faults.append("IDENTITY_PEPPER is the development one; set a random secret.")
        elif any(len(secret) < LEAST_PEPPER for _, secret in peppers(self.pepper)):
            faults.append(f"IDENTITY_PEPPER has fewer than {LEAST_PEPPER} characters.")
        if self.bcrypt_cost < LEAST_COST:
            faults.append(f"IDENTITY_BCRYPT_COST is below {LEAST_COST}.")
        if not self.services:
            faults.append("IDENTITY_SERVICES is not set; name the base URL of every other service.")
        if not self.second_factor_for_staff:
            faults.append("IDENTITY_SECOND_FACTOR_FOR_STAFF is false; remove it.")
        if self.mail_url.startswith("folder:"):
            faults.append("IDENTITY_MAIL_URL is a folder; set the URL of an SMTP server.")
        addresses = {
            "IDENTITY_MAIL_FROM": self.mail_from,
            "IDENTITY_CONTACT_EMAIL": self.contact_email,
            "IDENTITY_DPO_EMAIL": self.dpo_email,
        }
        faults += [
            f"{name} is still the example's." for name, value in addresses.items()
            if value.endswith(UNSET)
        ]  # fmt: skip
        return faults


def named(setting: str) -> list[tuple[str, str]]:
    """Pairs of kind and name in IDENTITY_RECIPIENTS."""
    pairs = (each.partition(":") for each in setting.split(";") if each.strip())
    return [(kind.strip(), name.strip()) for kind, _, name in pairs]


def peppers(setting: str) -> list[tuple[str, str]]:
    """Pairs of id and secret in IDENTITY_PEPPER, the one for new hashes first."""
    pairs = []
    for each in setting.split(","):
        name, colon, secret = each.partition(":")
        pairs.append((name, secret) if colon else ("1", each))
    return pairs
