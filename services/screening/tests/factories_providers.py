"""Small servers that answer as yente and watchman do, over real HTTP, and how they may fail."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from rapidfuzz import fuzz

PEOPLE = {"XXi.001": "VIKTOR ERFUNDEN", "XXi.002": "ANNA MUSTER-BEISPIEL"}
"""Whom the servers list, as the sample of the local provider does."""

SEARCHES, VERSIONS = ("/match", "/v2/search"), ("/catalog", "/v2/listinfo")


def alike(name, listed):
    return fuzz.ratio(name.casefold(), listed.casefold()) / 100


class ListServer:
    """Answers each request as documented, unless `fault` says otherwise, and keeps what came.

    faulty_paths: where the fault strikes. seen: method, path, query, headers and body of each.
    """

    faulty_paths = SEARCHES

    def __init__(self):
        self.seen, self.fault, self.people = [], None, dict(PEOPLE)
        self.version = "20261101"
        self.closing = threading.Event()
        self.port = 0
        self.start()

    def start(self):
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                kept._answer(self)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        body = json.loads(handler.rfile.read(length)) if length else None
        url = urlsplit(handler.path)
        query = parse_qs(url.query)
        self.seen.append((handler.command, url.path, query, dict(handler.headers), body))
        if self.fault and url.path.startswith(self.faulty_paths):
            self.fault(self, handler)
        else:
            send(handler, 200, json.dumps(self.told(url.path, query, body)).encode())

    def searches(self):
        return [each for each in self.seen if each[1].startswith(SEARCHES)]


class YenteServer(ListServer):
    """POST /match/<dataset> and GET /catalog, fields as yente's models have them."""

    name = "yente"

    def told(self, path, query, body):
        if path == "/catalog":
            return {
                "datasets": [
                    dataset("default", index_version=f"{self.version}-xyz"),
                    dataset("sanctions", index_version=None),
                ],
                "current": ["default"],
                "outdated": [],
                "index_stale": False,
            }
        (limit,), (cutoff,) = query["limit"], query["cutoff"]
        responses = {
            key: {
                "status": 200,
                "results": self._results(asked["properties"]["name"][0], float(cutoff), int(limit)),
                "total": {"value": 0, "relation": "eq"},
                "query": asked,
            }
            for key, asked in reversed(body["queries"].items())
        }
        return {"responses": responses, "matcher": {}, "limit": int(limit)}

    def _results(self, name, cutoff, limit):
        scored = [(alike(name, listed), key) for key, listed in self.people.items()]
        return [
            {
                "id": f"NK-{key}",
                "caption": self.people[key],
                "schema": "Person",
                "properties": {"name": [self.people[key]], "birthDate": ["1961-03-04"]},
                "datasets": ["un_sc_sanctions", "eu_fsf"],
                "referents": [],
                "target": True,
                "score": score,
                "features": {"name_match": score, "birth_year_disjoint": 0.0},
                "match": True,
            }
            for score, key in sorted(scored, reverse=True)[:limit]
            if score > cutoff
        ]


def dataset(name, **facts):
    return {"name": name, "title": name, "load": True, "version": "1", "children": [], **facts}


class WatchmanServer(ListServer):
    """GET /v2/search and GET /v2/listinfo, fields as watchman's models have them."""

    name = "watchman"

    def told(self, path, query, body):
        if path == "/v2/listinfo":
            held = len(self.people)
            return {
                "lists": {"un_csl": held} if held else None,
                "listHashes": {"un_csl": f"{self.version}b9d56301"} if held else None,
                "startedAt": "2026-11-24T06:00:00Z",
                "endedAt": "2026-11-24T06:00:07Z",
                "version": "v0.57.0",
            }
        (name,), (least,), (limit,) = query["name"], query["minMatch"], query["limit"]
        scored = [(alike(name, listed), key) for key, listed in self.people.items()]
        found = [
            {
                "name": self.people[key],
                "entityType": "person",
                "sourceList": "un_csl",
                "sourceID": key,
                "person": {
                    "name": self.people[key],
                    "altNames": None,
                    "gender": "male",
                    "birthDate": "1961-03-04T00:00:00Z",
                },
                "business": None,
                "match": score,
            }
            for score, key in sorted(scored, reverse=True)[: int(limit)]
            if score >= float(least)
        ]
        return {"query": {"name": name}, "entities": found or None}


# -------------------------------------------------------------------------- how an answer fails


def send(handler, status, body, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", len(body))
    handler.end_headers()
    handler.wfile.write(body)


def status(code, **headers):
    return lambda _, handler: send(handler, code, b'{"detail": "no"}', **headers)


def body(content):
    return lambda _, handler: send(handler, 200, content)


def never(server, _):
    server.closing.wait()


def drop_by_drop(server, handler):
    """Every byte in time, the whole never."""
    handler.send_response(200)
    handler.end_headers()
    while not server.closing.wait(0.02):
        handler.wfile.write(b" ")


def cut_off(_, handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"responses": {}, "entities": null, "limit": 10}')


def connection_lost(_, handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def changed(change):
    """The documented answer, but for what `change` makes of each entry's fields."""

    def fault(server, handler):
        _, path, query, _, asked = server.seen[-1]
        told = server.told(path, query, asked)
        change(told)
        send(handler, 200, json.dumps(told).encode())

    return fault


def entries(told):
    """Entries in an answer of either server."""
    if "entities" in told:
        return told["entities"] or []
    return [entry for matches in told["responses"].values() for entry in matches["results"]]


def each_entry(**facts):
    def change(told):
        for entry in entries(told):
            for name, value in facts.items():
                own = {"score": "match", "caption": "name"}.get(name, name)
                entry[name if name in entry else own] = value

    return changed(change)


def someone_missing(told):
    """yente leaves a query out; watchman, asked about one name, its whole answer."""
    told.pop("entities", None)
    if told.get("responses"):
        told["responses"].popitem()


def in_latin_1(server, handler):
    """The documented answer, in bytes that are no UTF-8."""
    _, path, query, _, asked = server.seen[-1]
    told = json.dumps(server.told(path, query, asked)).replace("e", "é")
    send(handler, 200, told.encode("latin-1"))


FAULTS = {
    "no_answer_in_time": never,
    "an_answer_that_never_ends": drop_by_drop,
    "connection_lost": connection_lost,
    "body_cut_off": cut_off,
    "bad_request": status(400),
    "key_refused": status(401),
    "not_found": status(404),
    "too_many_requests": status(429),
    "server_error": status(500),
    "not_ready": status(503),
    "redirect_elsewhere": status(307, Location="http://127.0.0.1:1/elsewhere"),
    "no_content": status(204),
    "no_json": body(b"<html>all is well</html>"),
    "not_utf8": in_latin_1,
    "another_shape": body(b'{"found": []}'),
    "a_list": body(b"[]"),
    "null": body(b"null"),
    "nested_without_end": body(b"[" * 100_000),
    "a_name_left_out": changed(someone_missing),
    "score_not_a_number": each_entry(score=float("nan")),
    "score_as_text": each_entry(score="0.99"),
    "score_above_one": each_entry(score=99.0),
    "score_below_zero": each_entry(score=-0.5),
    "a_text_no_database_takes": each_entry(caption="A\x00B"),
    "name_not_a_text": each_entry(caption=None),
}
"""Whatever may come instead of an answer. Each must leave people pending."""

OF_ENTRIES = list(FAULTS)[list(FAULTS).index("a_name_left_out") :]
"""Faults that need an entry to be wrong with."""


@contextmanager
def failing(server, fault):
    server.fault = fault
    try:
        yield
    finally:
        server.fault = None


def closed_port():
    """A URL at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
