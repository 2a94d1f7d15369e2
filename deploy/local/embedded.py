"""`make run`: the whole estate in one process, with nothing installed."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from threading import Event
from types import FrameType

import waitress

from common import logs, tracing
from common.messaging.brokers.embedded import EmbeddedBroker
from deploy.local import seed, wiring
from deploy.local.estate import Estate


def main() -> int:
    """Start, seed at the first start, say what to open, and stop cleanly on Ctrl-C."""
    options = _options()
    folder = options.data_dir.resolve()
    url = f"http://localhost:{options.port}"
    listening = _listen(options.port)
    if listening is None:
        print(
            f"Port {options.port} is taken; choose another one: make run PORT=8081", file=sys.stderr
        )
        return 1
    os.environ.update(wiring.environment(folder, wiring.embedded(folder), url))
    logs.configure("info", (folder / "estate.log").open("a", buffering=1))
    tracing.configure("estate")
    stop = Event()
    broker = EmbeddedBroker()
    estate = Estate(folder, lambda _: broker)
    threads = estate.start(stop)
    server = waitress.create_server(estate.wsgi, sockets=[listening], threads=16)
    threading.Thread(target=_welcome, args=(folder, url, options.lists), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    server.run()
    server.close()
    stop.set()
    for runtime in estate.runtimes.values():
        runtime.wake()
    for thread in threads:
        thread.join(timeout=10)
    estate.close()
    print("Stopped.")
    return 0


def _welcome(folder: Path, url: str, lists: Path | None) -> None:
    """Seed at the first start, then say what to open; an estate that cannot be seeded ends."""
    try:
        seed.wait_for(f"{url}/healthz")
        seed.first_start(folder, url, lists)
    except Exception as error:
        print(f"The first start failed: {error}", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    mailbox = f"{url}/development/ shows all mail, moves the clock"
    print(seed.welcome(folder, url, mailbox), flush=True)


def _end(_: int, __: FrameType | None) -> None:
    """Have waitress finish what it answers and return; further signals change nothing."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.embedded", description=main.__doc__
    )
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data-dir", type=Path, default=Path("var/embedded"))
    parser.add_argument("--lists", type=Path, help="folder with official lists; default: a sample")
    return parser.parse_args()


def _listen(port: int) -> socket.socket | None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        return None
    return listening


if __name__ == "__main__":
    sys.exit(main())
