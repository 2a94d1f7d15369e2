"""Fields that several requests have."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from common.web.schemas import Line
from identity.rules.addresses import AddressNotValid, mailable

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
TOKEN = validate.Regexp(r"^[A-Za-z0-9_-]{20,100}$")


class Email(Line):
    """An address that mail can be sent to."""

    default_error_messages = {"email": "Not a valid e-mail address."}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["metadata"] = {"format": "email", **kwargs.pop("metadata", {})}
        super().__init__(254, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        address = super()._deserialize(value, attr, data, **kwargs)
        try:
            mailable(address)
        except AddressNotValid as error:
            raise self.make_error("email") from error
        return address


class Password(fields.String):
    """A new password, kept exactly as typed; only what no keyboard types is refused."""

    default_error_messages = {"control": "Must not contain control characters."}

    def __init__(self, **kwargs: Any) -> None:
        length = validate.Length(SHORTEST_PASSWORD, LONGEST_PASSWORD)
        facts = {"format": "password", "pattern": r"^[^\x00-\x1f\x7f]*$"}
        kwargs["metadata"] = {**facts, **kwargs.pop("metadata", {})}
        super().__init__(validate=length, load_only=True, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise self.make_error("control")
        return text
