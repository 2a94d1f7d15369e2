"""What people read, in the languages of the portal, beside the code that says it."""

from __future__ import annotations

from dataclasses import dataclass

from babel import negotiate_locale

LANGUAGES = ("en", "nl", "de")


@dataclass(frozen=True)
class Text:
    """One sentence in English, Dutch and German."""

    en: str
    nl: str
    de: str

    def say(self, language: str) -> str:
        """Sentence in this language, in English for any other."""
        return {"nl": self.nl, "de": self.de}.get(language, self.en)


def language_of(accepted: list[str]) -> str:
    """Best of the portal's languages for a reader's list of preferences, English by default."""
    return negotiate_locale(accepted, LANGUAGES, sep="-") or "en"
