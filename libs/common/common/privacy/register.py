"""Register of processing activities (art. 30 GDPR), made of the declarations beside the columns.

An activity is a purpose. Its columns, bases, retention, origins and protection come from the code;
only what no column can say (whose data, who else gets them, whose interest) stands here.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.db import CommonBase
from common.markdown import table
from common.privacy.grounds import GROUNDS
from common.privacy.personal import INTEREST, Facts, personal_columns
from common.privacy.purposes import PURPOSES
from common.privacy.retention import ANYWHERE, Bound, Rounding, Rule
from common.privacy.rulebook import all_rules
from common.service import Service

ALL = "every service"
CONTROLLER = {
    "name": "IDENTITY_OPERATOR_NAME",
    "postal address": "IDENTITY_CONTACT_ADDRESS",
    "e-mail": "IDENTITY_CONTACT_EMAIL",
    "telephone": "IDENTITY_CONTACT_PHONE",
    "data protection officer": "IDENTITY_DPO_EMAIL",
}
"""Settings that say who answers for all of this (art. 30(1)(a), S91)."""

CUSTOMERS = "employees of customers who have an account"
STAFF = "the operator's staff who act in the portal"
REPRESENTATIVE = "the operator's representative in the person's country, by contract (S24, S25)"
OWN_ORGANISATION = "colleagues of the person's own organisation (S9)"
HOSTS = "whoever runs the servers, the store and the mail for the operator (art. 28)"


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What no column can say about a purpose.

    people: categories of persons. recipients: who gets data beside the staff in charge. interest:
    what is pursued where art. 6(1)(f) is the basis, and assessment: where it is balanced against
    the person's. impact: where the impact assessment of art. 35 is, for what needs one. transfers:
    to third countries.
    """

    people: tuple[str, ...]
    recipients: tuple[str, ...] = (HOSTS,)
    interest: str | None = None
    assessment: str | None = None
    impact: str | None = None
    transfers: str = "none by the portal itself"


ACTIVITIES: Mapping[str, Activity] = {
    "identify": Activity(
        people=(CUSTOMERS, STAFF),
        recipients=(OWN_ORGANISATION, REPRESENTATIVE, HOSTS),
        interest="to notice that somebody else tries to use an account, and to shut out whoever "
        "misuses the portal",
        assessment="recital 49 GDPR (security of networks and accounts)",
    ),
    "approve": Activity(
        people=(CUSTOMERS,),
        recipients=("the user manager of the organisation, where it has one (S13)", HOSTS),
    ),
    "content": Activity(people=(CUSTOMERS, STAFF)),
    "collaborate": Activity(people=(CUSTOMERS,), recipients=(OWN_ORGANISATION, HOSTS)),
    "invite": Activity(
        people=("employees of customers who were invited and have no account yet", STAFF),
        recipients=("the user manager who invited, of the own entry alone (S45)", HOSTS),
    ),
    "screen": Activity(
        people=(CUSTOMERS, STAFF),
        recipients=(
            "the screening provider, where one is set: the name alone (S15, S16); setting "
            "SCREENING_PROVIDER, contract SCREENING_PROVIDER_CONTRACT_REF",
            HOSTS,
        ),
        interest="to do no business with persons on public sanctions lists (S20, S21)",
        assessment="setting SCREENING_LIA_REF",
        impact="the assessment that SCREENING_LIA_REF names; a person is compared systematically",
        transfers="where a hosted provider sits: the contract named above says on what ground",
    ),
    "share": Activity(people=(CUSTOMERS,), recipients=(OWN_ORGANISATION, HOSTS)),
    "solve": Activity(
        people=(CUSTOMERS, "contacts who were entered for a case"),
        recipients=(OWN_ORGANISATION, HOSTS),
    ),
    "order": Activity(
        people=(CUSTOMERS, "contacts who were entered for an order"),
        recipients=(OWN_ORGANISATION, HOSTS),
    ),
    "training": Activity(
        people=(CUSTOMERS, "participants, who need no account"),
        recipients=("the participant's employer, who booked", HOSTS),
    ),
    "advertise": Activity(
        people=(CUSTOMERS,),
        recipients=("companies of the operator's group", HOSTS),
        interest="to draw the attention of existing customers to similar offers, until they object",
        assessment="recital 47 GDPR; an objection ends it at once (art. 21(2) GDPR)",
    ),
    "rights": Activity(
        people=(CUSTOMERS,),
        interest="to be able to show, if it is disputed, how a request was answered",
        assessment="art. 17(3)(e) GDPR",
    ),
    "accountability": Activity(
        people=(CUSTOMERS, STAFF),
        interest="to be able to prove what was done with personal data, and to find misuse",
        assessment="art. 5(2) GDPR; ids alone, without an end",
    ),
}


class Unstated(LookupError):
    """The code processes something that the register says too little about."""


def register(services: Mapping[str, Service]) -> dict[str, Any]:
    """The register as JSON values, in a fixed order.

    Raises Unstated for a purpose without an activity, and for one that rests on art. 6(1)(f)
    without saying whose interest and where it is balanced. Source: art. 30, S20, S21, S27, S28,
    S35, S36, S42, S52, S65, S76, S89.
    """
    columns = _columns(services)
    used = [purpose for purpose in PURPOSES if any(f.purpose == purpose for _, f in columns)]
    rules = _rules(services.values())
    return {
        "controller": {who: f"setting {name}" for who, name in CONTROLLER.items()},
        "activities": [
            _activity(purpose, [each for each in columns if each[1].purpose == purpose], rules)
            for purpose in used
        ],
        "flows": {"events": _events(services), "calls": _calls(services)},
    }


def register_json(services: Mapping[str, Service]) -> str:
    """Content of register.json."""
    return json.dumps(register(services), indent=1, ensure_ascii=False) + "\n"


def register_md(services: Mapping[str, Service]) -> str:
    """Content of register.md, for who answers for data protection."""
    made = register(services)
    lines = [
        "# Register of processing activities",
        "",
        "Art. 30(1) GDPR. Generated by `make docs` from the declarations beside the columns; do "
        "not edit. The same as data: [register.json](register.json).",
        "",
        "## Controller",
        "",
        *(f"* {who}: {where}" for who, where in made["controller"].items()),
        "",
        "## What flows where",
        "",
        *_picture(made["flows"]),
        "",
        "Events hold ids, closed words, numbers and times, never a name or an address. The calls "
        "are the only way on which personal values leave the service that owns them.",
        "",
        "## Activities",
        "",
        table(
            ("activity", "basis", "persons", "columns"),
            [
                (
                    f"[{each['purpose']}](#{each['key']})",
                    ", ".join(each["bases"]),
                    "; ".join(each["persons"]),
                    str(len(each["columns"])),
                )
                for each in made["activities"]
            ],
        ),
    ]
    for each in made["activities"]:
        lines += ["", *_activity_md(each)]
    return "\n".join(lines) + "\n"


def _columns(services: Mapping[str, Service]) -> list[tuple[str, Facts]]:
    bases: list[tuple[str, Any]] = [(ALL, CommonBase)]
    bases += [(name, service.parts["models"].Base) for name, service in services.items()]
    return [(name, facts) for name, base in bases for facts in personal_columns(base)]


def _rules(services: Iterable[Service]) -> dict[str, list[Rule]]:
    """Every shipped rule, by its class."""
    found: dict[str, list[Rule]] = {}
    for rule in dict.fromkeys(rule for service in services for rule in all_rules(service)):
        found.setdefault(rule.record_class, []).append(rule)
    return found


def _activity(
    purpose: str, columns: Sequence[tuple[str, Facts]], rules: Mapping[str, Sequence[Rule]]
) -> dict[str, Any]:
    said = ACTIVITIES.get(purpose)
    facts = [each for _, each in columns]
    if said is None:
        raise Unstated(f"{purpose}: common.privacy.register.ACTIVITIES says nothing about it")
    rests_on_interest = any(each.basis is INTEREST for each in facts)
    if rests_on_interest and not (said.interest and said.assessment):
        raise Unstated(f"{purpose}: rests on art. 6(1)(f) and names no interest and assessment")
    classes = _distinct(each.keep for each in facts)
    return {
        "key": purpose,
        "purpose": PURPOSES[purpose].say("en"),
        "persons": list(said.people),
        "categories": _distinct(each.category.value for each in facts),
        "bases": _distinct(each.basis.value for each in facts),
        "interest": said.interest if rests_on_interest else None,
        "assessment": said.assessment if rests_on_interest else None,
        "impact_assessment": said.impact,
        "consents": _distinct(each.consent.value for each in facts if each.consent),
        "origins": _distinct(each.origin.value for each in facts),
        "recipients": list(said.recipients),
        "transfers": said.transfers,
        "retention": [_rule(rule) for name in classes for rule in rules.get(name, ())],
        "kept_beyond_erasure": {
            each.value: GROUNDS[each].say("en")
            for each in dict.fromkeys(fact.because for fact in facts if fact.because)
        },
        "security": _security(facts),
        "columns": [_column(service, each) for service, each in columns],
    }


def _column(service: str, facts: Facts) -> dict[str, Any]:
    return {
        "service": service,
        "column": f"{facts.table}.{facts.column}",
        "category": facts.category.value,
        "basis": facts.basis.value,
        "consent": facts.consent.value if facts.consent else None,
        "origin": facts.origin.value,
        "retention": facts.keep,
        "erasure": facts.erasure,
        "because": facts.because.value if facts.because else None,
        "readers": None if facts.readers is None else list(facts.readers),
        "written": facts.written.value if facts.written else None,
        "names_another_person": facts.other,
        "source": facts.source,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    valid_to = rule.valid_to.isoformat() if rule.valid_to else None
    return {
        "class": rule.record_class,
        "country": rule.country,
        "bound": rule.bound.value,
        "period": rule.period,
        "begins_after": rule.begin,
        "from": rule.start.value,
        "rounding": rule.rounding.value,
        "suspended_by": rule.suspended_by,
        "follows": rule.follows,
        "valid_from": None if rule.valid_from.year == 1 else rule.valid_from.isoformat(),
        "valid_to": valid_to,
        "source": rule.source,
        "reason": rule.reason,
    }


def _security(facts: Sequence[Facts]) -> list[str]:
    """Measures of art. 32 that the declarations show, and where they are taken."""
    measures: dict[str, list[str]] = {}
    for each in facts:
        place = f"{each.table}.{each.column}"
        if each.written:
            measures.setdefault(f"written {each.written.value}", []).append(place)
        if each.readers is not None:
            measure = f"shown to {', '.join(each.readers) or 'nobody'}"
            measures.setdefault(measure, []).append(place)
    ids = sum(each.category == "pseudonym" for each in facts)
    pseudonyms = [f"ids stand for people in {ids} columns, without a name"] if ids else []
    found = [f"{measure}: {', '.join(places)}" for measure, places in sorted(measures.items())]
    return found + pseudonyms


def _events(services: Mapping[str, Service]) -> list[dict[str, str]]:
    """Which events of whom a service hears."""
    found = {
        (wire.split(".")[0], service.name, wire.split(".")[1])
        for service in services.values()
        for subscription in service.subscriptions
        for wire in subscription.types
    }
    return [{"from": source, "to": to, "event": event} for source, to, event in sorted(found)]


def _calls(services: Mapping[str, Service]) -> list[dict[str, str]]:
    """Which service calls which: by `peer(NAME).call(METHOD, PATH, …)` or `ask_all`."""
    found = set()
    for service in services.values():
        for path in sorted((service.folder / service.package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                found |= {(service.name, *call) for call in _peer_call(node)}
    return [{"from": source, "to": to, "call": call} for source, to, call in sorted(found)]


def _peer_call(node: ast.AST) -> Iterable[tuple[str, str]]:
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Attribute(attr="peer"), args=[ast.Constant(called), *_]),
                attr="call",
            ),
            args=[method, path, *_],
        ):
            yield str(called), f"{_written(method)} {_written(path)}"
        case ast.Call(func=ast.Name(id="ask_all"), args=[_, method, path, *_]):
            yield "others", f"{_written(method)} {_written(path)}"


def _written(node: ast.AST) -> str:
    """A literal as it reads; the changing parts of an f-string by their names."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_written(each) for each in values)
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
    return f"<{ast.unparse(node)}>"


def _picture(flows: Mapping[str, Sequence[Mapping[str, str]]]) -> list[str]:
    counts: dict[tuple[str, str], int] = {}
    for each in flows["events"]:
        pair = each["from"], each["to"]
        counts[pair] = counts.get(pair, 0) + (pair[0] != pair[1])
    lines = ["```mermaid", "flowchart LR", "  person([person]) -->|enters| identity"]
    lines += [
        f"  {source} -. {count} {'event' if count == 1 else 'events'} .-> {to}"
        for (source, to), count in counts.items()
        if count
    ]
    for each in flows["calls"]:
        lines.append(f'  {each["from"]} ==>|"{each["call"]}"| {each["to"]}')
    lines += [
        "  others[every other service]",
        "  identity -->|mail| person",
        "  screening -->|name alone, if set| provider[provider]",
    ]
    return [*lines, "```"]


def _activity_md(each: Mapping[str, Any]) -> Iterable[str]:
    yield f'<a id="{each["key"]}"></a>'
    yield ""
    yield f"### {each['purpose']}"
    yield ""
    stated = {
        "persons": "; ".join(each["persons"]),
        "categories of data": ", ".join(each["categories"]),
        "legal basis": ", ".join(f"art. {basis}" for basis in each["bases"]),
        "legitimate interest": each["interest"],
        "balanced in": each["assessment"],
        "impact assessment (art. 35)": each["impact_assessment"],
        "consents": ", ".join(each["consents"]),
        "where the data come from": ", ".join(each["origins"]),
        "recipients": "; ".join(each["recipients"]),
        "third countries": each["transfers"],
    }
    yield from (f"* **{name}**: {text}" for name, text in stated.items() if text)
    yield from (f"* **security**: {measure}" for measure in each["security"])
    for ground, text in each["kept_beyond_erasure"].items():
        yield f"* **kept after erasure** ({ground}): {text}"
    yield ""
    by_country = {rule["class"] for rule in each["retention"] if rule["country"] != ANYWHERE}
    yield table(
        ("kept as", "country", "how long", "source", "reason"),
        [
            (
                rule["class"],
                _country(rule, by_country),
                _period(rule),
                rule["source"],
                rule["reason"],
            )
            for rule in each["retention"]
        ],
    )
    yield ""
    yield table(
        ("column", "service", "category", "basis", "from", "kept as", "erasure", "source"),
        [
            (
                f"`{column['column']}`",
                column["service"],
                column["category"],
                f"{column['basis']} {column['consent'] or ''}".strip(),
                column["origin"],
                column["retention"],
                f"{column['erasure']} {column['because'] or ''}".strip(),
                column["source"],
            )
            for column in each["columns"]
        ],
    )


def _country(rule: Mapping[str, Any], by_country: Collection[str]) -> str:
    if rule["country"] != ANYWHERE:
        return str(rule["country"])
    return "every other" if rule["class"] in by_country else "every"


def _period(rule: Mapping[str, Any]) -> str:
    """A rule in words."""
    if rule["follows"]:
        return f"as {rule['follows']}"
    if rule["period"] is None:
        return "without an end"
    least = "at least" if rule["bound"] == Bound.MINIMUM else "at most"
    words = [f"{least} {rule['period']} from {rule['from'].replace('_', ' ')}"]
    if rule["rounding"] == Rounding.CALENDAR_YEAR_END:
        words.append("counted from the end of that calendar year")
    if rule["begins_after"]:
        words.append(f"erasure begins after {rule['begins_after']}")
    if rule["suspended_by"]:
        words.append(f"not while {rule['suspended_by'].replace('_', ' ')}")
    if rule["valid_from"] or rule["valid_to"]:
        words.append(f"in force {rule['valid_from'] or ''} to {rule['valid_to'] or 'now'}")
    return ", ".join(words)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
