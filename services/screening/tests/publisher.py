"""A publisher of lists on a real web server: it knows ETags, and every way to fail."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Publisher:
    """Serves `files` by path; `act` does something else at a path instead.

    asked: (path, If-None-Match, If-Modified-Since) of every request.
    """

    def __init__(self, folder=None):
        self.files, self.act, self.asked = {}, {}, []
        self.modified = "Sat, 01 Jan 2026 00:00:00 GMT"
        self.closing = threading.Event()
        if folder:
            for path in folder.rglob("*.*"):
                self.files[f"/{path.relative_to(folder)}"] = path.read_bytes()
        handler = type("Handler", (_Handler,), {"publisher": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def urls(self, *paths):
        return [self.url + path for path in paths]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        publisher, path = self.publisher, self.path.partition("?")[0]
        conditions = self.headers["If-None-Match"], self.headers["If-Modified-Since"]
        publisher.asked.append((path, *conditions))
        if path in publisher.act:
            publisher.act[path](self)
        elif path not in publisher.files:
            self.send_error(404)
        else:
            self.serve(publisher.files[path], *conditions)

    def serve(self, content, etag_known, modified_known):
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if etag_known == etag or (not etag_known and modified_known == self.publisher.modified):
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", self.publisher.modified)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def answer(status, content=b"", **headers):
    """An answer with this status, as it is."""

    def act(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return act


def silence(handler):
    """No answer until the end of the test."""
    handler.publisher.closing.wait()


def drip(handler):
    """A byte now and then, without end."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.publisher.closing.wait(0.02):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return
