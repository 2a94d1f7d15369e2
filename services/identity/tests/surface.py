"""Every route of identity as it stands in the app, and a request that fits it.

Nothing here lists routes: who may call them is read off the views' own code, what they take off
the OpenAPI document. What a new field or a new part of a path needs stands in two tables.
"""

import ast
import inspect
import re
import textwrap
from dataclasses import asdict, dataclass, field
from functools import cache

import msgspec

from common.ids import uuid7
from common.privacy import routes as privacy
from common.privacy.rulebook import all_rules
from common.web.access import Role
from identity.app import service
from identity.consents import VOLUNTARY_PROFILE
from identity.rules import access

from .factories import PASSWORD

POLICY = {**privacy.POLICY, **access.POLICY}
"""Entries for the routes of identity, and for those that every service has."""
DOCUMENTATION = ("api-docs.", "swagger_ui.")
SECRET = "x" * 43


@dataclass(frozen=True)
class Route:
    """One method of one path.

    module: where the view stands. access: public, internal:SCOPE or people. actions: entries of
    POLICY that the view names. asks_role, asks_thing: whether it asks who may do this at all, and
    who may with the thing in question; one that asks both asks for the role first.
    """

    method: str
    path: str
    module: str
    access: str
    actions: frozenset = field(hash=False)
    asks_role: bool
    asks_thing: bool
    described: dict = field(hash=False, compare=False)

    @property
    def parameters(self):
        """Names of what varies in the path."""
        return tuple(re.findall(r"<(?:\w+:)?(\w+)>", self.path))

    @property
    def body(self):
        """Schema of its JSON, None where it takes none."""
        content = self.described.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    @property
    def takes_csv(self):
        """Whether it takes a table."""
        return "text/csv" in self.described.get("requestBody", {}).get("content", {})

    def filled(self, ids):
        """Its path with values in it."""
        return re.sub(
            r"<(?:\w+:)?(\w+)>", lambda found: str(fitting(found[1], None, ids)), self.path
        )

    def __str__(self):
        return f"{self.method} {self.path}"


@cache
def routes(app):
    """Every route of an app but those of its documentation."""
    document = app.test_client().get("/openapi.json").json
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(DOCUMENTATION):
            continue
        view = app.view_functions[rule.endpoint]
        item = document["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule)), {})
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            own = _view(view, method)
            reached = tuple(_reached(own))
            found.append(
                Route(
                    method=method,
                    path=str(rule),
                    module=own.__module__,
                    access=getattr(view, "__access__", "people"),
                    actions=frozenset(_actions(reached)),
                    asks_role=2 in _asked(reached),
                    asks_thing=4 in _asked(reached),
                    described=_resolved(document, item.get(method.lower(), {})),
                )
            )
    return tuple(sorted(found, key=str))


def _view(view, method):
    by_method = getattr(getattr(view, "view_class", None), method.lower(), None)
    return inspect.unwrap(by_method or view)


def _reached(view):
    """A view and the functions of identity's routes that it calls: syntax and names around it."""
    seen, todo = set(), [view]
    while todo:
        function = todo.pop()
        if function in seen:
            continue
        seen.add(function)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        yield tree, function.__globals__
        for called in _named(tree, function.__globals__):
            if inspect.isfunction(called) and called.__module__.startswith("identity.routes"):
                todo.append(inspect.unwrap(called))


def _named(tree, around):
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in around:
            yield around[node.id]


def _actions(reached):
    for tree, around in reached:
        literals = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        for value in (*literals, *_named(tree, around)):
            if isinstance(value, str) and value in POLICY:
                yield value


def _asked(reached):
    """How many arguments `authorise` is called with: two for a role, four for a thing."""
    calls = (node for tree, _ in reached for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        len(call.args)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "authorise"
    }


def _resolved(document, part):
    """A part of the document with its references followed."""
    if isinstance(part, list):
        return [_resolved(document, each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        kind, name = part["$ref"].split("/")[-2:]
        return _resolved(document, document["components"][kind][name])
    return {key: _resolved(document, value) for key, value in part.items()}


# ----------------------------------------------------------------------------- a body that fits

VALUES = {
    "email": lambda ids: f"ines.{uuid7().hex}@muster.example",
    "password": lambda ids: PASSWORD,
    "current_password": lambda ids: PASSWORD,
    "token": lambda ids: SECRET,
    "refresh_token": lambda ids: SECRET,
    "country": lambda ids: "DE",
    "language": lambda ids: "de",
    "customer_number": lambda ids: "K 1",
    "purpose": lambda ids: VOLUNTARY_PROFILE.purpose,
    "text_id": lambda ids: VOLUNTARY_PROFILE.id,
    "consents": lambda ids: [
        {"purpose": VOLUNTARY_PROFILE.purpose, "text_id": VOLUNTARY_PROFILE.id}
    ],
    "phone": lambda ids: "+49 7156 1234567",
    "mobile": lambda ids: "+49 171 1234567",
    "role": lambda ids: Role.USER_MANAGER,
    "rules": lambda ids: msgspec.to_builtins([asdict(each) for each in all_rules(service)]),
    "scope": lambda ids: "class",
    "version": lambda ids: "2026-01-01",
    "subject": lambda ids: "mail",
    "valid_to": lambda ids: "2028-01-01T00:00:00Z",
    **dict.fromkeys(("cases", "orders", "trainings"), lambda ids: False),
}
"""What fields and parts of paths of these names are; others are what the document says."""
OTHER_IDS = {"POST /representations": {"organisation_id": "representative_id"}}
"""Routes whose fields name something else than their paths do elsewhere."""
ALTERNATIVES = {"recovery_code", "passkey"}
"""Fields that stand instead of a code."""


def _place(name, ids):
    assert name in ids or name in VALUES, f"scenes.py makes no {name}"
    return ids[name] if name in ids else VALUES[name](ids)


def body(route, ids):
    """A body that the checks of a route let pass; None where it takes none."""
    if route.body is None:
        return None
    meant = {name: ids[other] for name, other in OTHER_IDS.get(str(route), {}).items()}
    found = fitting("", route.body, ids | meant)
    return {key: value for key, value in found.items() if key not in ALTERNATIVES}


def sent_to(route, ids):
    """What a client of Flask is told to send: JSON, a table, or nothing."""
    if not route.takes_csv:
        return {"json": body(route, ids)}
    table = f"email,language\n{VALUES['email'](ids)},de\n"
    return {"data": table.encode(), "content_type": "text/csv"}


def fitting(name, schema, ids):
    """A value that a schema takes. ids: by name, the ids of what there is."""
    if name in ids:
        return str(ids[name])
    if name in VALUES:
        return VALUES[name](ids)
    if len(schema.get("allOf", ())) == 1:
        schema = schema["allOf"][0]
    if schema.get("anyOf"):
        schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return next(each for each in schema["enum"] if each is not None)
    return _of_kind(schema, ids)


def kind_of(schema):
    """JSON type that a schema takes, null aside."""
    kind = schema.get("type", "object")
    return kind if isinstance(kind, str) else next(each for each in kind if each != "null")


def _of_kind(schema, ids):
    kind = kind_of(schema)
    if kind == "object":
        return {
            key: fitting(key, inner, ids) for key, inner in schema.get("properties", {}).items()
        }
    if kind == "array":
        return [fitting("", schema["items"], ids)] if schema.get("minItems") else []
    if kind == "string":
        formats = {
            "uuid": str(uuid7()),
            "date-time": "2027-01-01T00:00:00Z",
            "date": "2027-01-01",
        }
        texts = ("Ines Ohm".ljust(schema.get("minLength") or 0, "x"), "123456", SECRET)
        fits = (each for each in texts if re.search(schema.get("pattern", ""), each))
        return formats.get(schema.get("format")) or next(fits)
    return {"boolean": True, "integer": max(1, schema.get("minimum") or 1), "number": 1.5}[kind]
