"""Why something outlives the erasure of the person it speaks of; the words of receipts."""

from __future__ import annotations

from enum import StrEnum

from common.texts import Text


class Ground(StrEnum):
    """Reason for keeping; its value stands in receipts and in certificates."""

    STATUTORY = "statutory-retention"
    ORGANISATION_CONTENT = "organisation-content"
    OPEN_PROCESS = "process-open"
    ENDED_PROCESS = "process-in-retention"
    ACCOUNTABILITY = "accountability"
    ATTRIBUTION = "attribution"
    TOMBSTONE = "tombstone"
    PSEUDONYM = "pseudonym"
    SUPPRESSION = "suppression"
    LEGAL_HOLD = "legal-hold"


# fmt: off
GROUNDS: dict[Ground, Text] = {
    Ground.STATUTORY: Text(
        "The law says how long it must be kept (art. 17(3)(b) GDPR).",
        "De wet bepaalt hoe lang het bewaard moet blijven (art. 17, lid 3, onder b, AVG).",
        "Das Gesetz bestimmt, wie lange es aufzubewahren ist (Art. 17 Abs. 3 Buchst. b DSGVO).",
    ),
    Ground.ORGANISATION_CONTENT: Text(
        "It belongs to the organisation that the person acted for.",
        "Het is van de organisatie waarvoor de persoon handelde.",
        "Es gehört der Organisation, für die die Person gehandelt hat.",
    ),
    Ground.OPEN_PROCESS: Text(
        "What it is needed for is not finished.",
        "Waarvoor het nodig is, is niet afgerond.",
        "Wofür es gebraucht wird, ist nicht abgeschlossen.",
    ),
    Ground.ENDED_PROCESS: Text(
        "What it is needed for is finished, and its own period runs.",
        "Waarvoor het nodig is, is afgerond, en de eigen termijn loopt.",
        "Wofür es gebraucht wird, ist abgeschlossen, und seine eigene Frist läuft.",
    ),
    Ground.ACCOUNTABILITY: Text(
        "It proves, without a name, what was done (art. 5(2) GDPR).",
        "Het bewijst, zonder naam, wat er is gedaan (art. 5, lid 2, AVG).",
        "Es belegt ohne Namen, was getan wurde (Art. 5 Abs. 2 DSGVO).",
    ),
    Ground.ATTRIBUTION: Text(
        "It says, without a name, who acted for or about somebody else.",
        "Het zegt, zonder naam, wie voor of over iemand anders handelde.",
        "Es sagt ohne Namen, wer für oder über jemand anderen gehandelt hat.",
    ),
    Ground.TOMBSTONE: Text(
        "An id that names nobody, so that nothing late can bring the person back.",
        "Een id dat niemand noemt, zodat niets wat te laat komt de persoon terugbrengt.",
        "Eine Kennung ohne Person, damit nichts Verspätetes die Person zurückbringt.",
    ),
    Ground.PSEUDONYM: Text(
        "An id whose person nobody can tell any more.",
        "Een id waarvan niemand de persoon nog kan noemen.",
        "Eine Kennung, deren Person niemand mehr nennen kann.",
    ),
    Ground.SUPPRESSION: Text(
        "A keyed digest, so that the objection to advertising goes on being kept.",
        "Een versleutelde digest, zodat het bezwaar tegen reclame gerespecteerd blijft.",
        "Ein geschlüsselter Digest, damit der Widerspruch gegen Werbung weiter beachtet wird.",
    ),
    Ground.LEGAL_HOLD: Text(
        "It is needed for legal claims (art. 17(3)(e) GDPR).",
        "Het is nodig voor een rechtsvordering (art. 17, lid 3, onder e, AVG).",
        "Es wird für Rechtsansprüche gebraucht (Art. 17 Abs. 3 Buchst. e DSGVO).",
    ),
}
# fmt: on
