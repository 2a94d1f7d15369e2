"""`make compose`: the estate as containers, with RabbitMQ, PostgreSQL, S3 and a mail catcher."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from deploy.docker import estate
from deploy.local import seed
from deploy.local.portal import Portal, Unexpected
from deploy.local.story import Story, un_list

FILE = Path(__file__).with_name("compose.yaml")
TOOLS = (("docker", "compose"), ("podman-compose",), ("docker-compose",))

LEFT_OVER = (
    "Look at the containers' logs; a database that was kept while its folder with the passwords "
    "was removed lets nobody in: python -m deploy.docker.compose down --volumes"
)


class Compose:
    """One estate in containers: its folder and its ports."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder.resolve(), port
        self.url = f"http://localhost:{port}"
        self.mail_url, self.objects_url = (f"http://localhost:{port + n}" for n in (1, 5))
        self._tool = _tool()
        self._environment = {
            **os.environ,
            "PORTAL_DATA": str(self.folder),
            "PORTAL_USER": str(os.getuid() or estate.USER),
            "PORT": str(port),
            "MAIL_PORT": str(port + 1),
            "OBJECTS_PORT": str(port + 5),
        }

    def portal(self) -> Portal:
        """The portal, as people and operators reach it."""
        return estate.reach(self.url, self.mail_url, self.folder, self._operate)

    def run(self, *arguments: str) -> None:
        """Run a compose command; what it says is shown."""
        subprocess.run([*self._command(), *arguments], env=self._environment, check=True)

    def wait(self) -> None:
        """Wait until store and services answer; the bucket is made meanwhile."""
        seed.wait_for(f"{self.objects_url}/", 120)
        estate.make_bucket(self.objects_url)
        for name in OWNERS_OF_PERSONAL_DATA:
            seed.wait_for(f"{self.url}/api/{name}/readyz", 180)

    def _operate(self, service: str, arguments: tuple[str, ...], stdin: str) -> str:
        inside = ["exec", "-T", f"{service}-worker", "service", *arguments]
        return seed.said_by([*self._command(), *inside], stdin, self._environment)

    def _command(self) -> list[str]:
        return [*self._tool, "-p", "portal", "-f", str(FILE)]


def _tool() -> tuple[str, ...]:
    for words in TOOLS:
        if shutil.which(words[0]):
            asked = subprocess.run([*words, "version"], capture_output=True)
            if asked.returncode == 0:
                return words
    raise click.ClickException("Neither `docker compose` nor podman-compose works here.")


@click.group(help=__doc__)
@click.option("--port", default=8080, show_default=True, help="Of the gateway; mails: one more.")
@click.option("--data-dir", type=Path, default=Path("var/compose"), show_default=True)
@click.pass_context
def main(context: click.Context, port: int, data_dir: Path) -> None:
    """Keep what every command needs."""
    context.obj = Compose(data_dir, port)


@main.command()
@click.option("--lists", type=click.Path(exists=True, path_type=Path), help="Official lists.")
@click.pass_obj
def up(compose: Compose, lists: Path | None) -> None:
    """Start everything, fill it at the first start, say what to open."""
    estate.prepare(compose.folder, compose.url)
    compose.run("up", "-d")
    click.echo("Waiting until every service is ready …", err=True)
    try:
        compose.wait()
    except TimeoutError as error:
        raise click.ClickException(f"{error}. {LEFT_OVER}") from error
    seeded = compose.folder / "seeded"
    if not seeded.exists():
        click.echo(seed.FIRST_START, err=True)
        seed.fill(compose.portal(), lists)
        seeded.touch()
    mailbox, stop = f"{compose.mail_url}/ shows all mail", "make compose-down (keeps the data)"
    click.echo(seed.welcome(compose.folder, compose.url, mailbox, "make compose-demo", stop))


@main.command()
@click.option("--lists", type=click.Path(exists=True, path_type=Path), help="As told to `up`.")
@click.pass_obj
def demo(compose: Compose, lists: Path | None) -> None:
    """Play the story against the estate that runs."""
    try:
        Story(compose.portal(), lambda line: click.echo(line), un_list(lists)).play()
    except Unexpected as error:
        print(f"The story stops here: {error}", file=sys.stderr)
        sys.exit(1)


@main.command()
@click.option("--volumes", is_flag=True, help="Forget the data too.")
@click.pass_obj
def down(compose: Compose, volumes: bool) -> None:
    """End everything."""
    compose.run("down", *(["-v"] if volumes else []))
    if volumes:
        shutil.rmtree(compose.folder)


if __name__ == "__main__":
    main(prog_name="python -m deploy.docker.compose")
