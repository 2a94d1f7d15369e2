"""Downloads from a real server: only what changed, and every failure is one sentence."""

import contextlib
import gzip
from contextlib import contextmanager

import httpx
import pytest

from screening import downloads
from screening.lists import files
from screening.lists.files import ListRefused

from .publisher import answer, drip, silence

UN = "/un/consolidated.xml"
SET = ("/us/sdn.csv", "/us/alt.csv", "/us/add.csv")


def fetch(publisher, folder, *paths, known=None):
    return downloads.fetch(publisher.urls(*paths), folder, known or {})


def test_a_list_is_fetched_with_what_tells_whether_it_changed(publisher, tmp_path):
    fetched = fetch(publisher, tmp_path, UN)
    assert fetched.path == tmp_path / "consolidated.xml"
    assert fetched.path.read_bytes() == publisher.files[UN]
    (said,) = fetched.validators.values()
    assert said.etag.startswith('"')
    assert said.last_modified == publisher.modified


def test_what_did_not_change_is_not_fetched_again(publisher, tmp_path):
    known = fetch(publisher, tmp_path, UN).validators
    assert fetch(publisher, tmp_path, UN, known=known) is None
    (said,) = known.values()
    assert publisher.asked == [(UN, None, None), (UN, said.etag, said.last_modified)]
    publisher.files[UN] += b"\n"
    assert fetch(publisher, tmp_path, UN, known=known).validators != known


def test_a_publisher_without_etags_is_asked_by_date(publisher, tmp_path):
    known = {publisher.url + UN: downloads.Validators(None, publisher.modified)}
    assert fetch(publisher, tmp_path, UN, known=known) is None
    assert publisher.asked == [(UN, None, publisher.modified)]


def test_a_publisher_who_says_nothing_is_asked_for_everything(publisher, tmp_path):
    known = {publisher.url + UN: downloads.Validators(None, None)}
    assert fetch(publisher, tmp_path, UN, known=known)
    assert publisher.asked == [(UN, None, None)]


def test_a_set_is_fetched_whole_as_soon_as_one_of_its_files_changed(publisher, tmp_path):
    known = fetch(publisher, tmp_path, *SET).validators
    assert fetch(publisher, tmp_path, *SET, known=known) is None
    publisher.files[SET[1]] += b"\r\n"
    folder = tmp_path / "again"
    folder.mkdir()
    fetched = fetch(publisher, folder, *SET, known=known)
    assert fetched.path == folder
    for path in SET:
        assert (folder / path.rpartition("/")[2]).read_bytes() == publisher.files[path]
    assert len(fetched.validators) == 3


def test_the_files_of_a_set_make_one_list_and_every_other_source_another():
    urls = [f"https://x.example{path}" for path in (UN, *SET)]
    old = "https://x.example/SDN.CSV.GZ?token=1"
    found = downloads.lists_behind([*urls, "/lists/uk", "http://[", old, "/lists/us/sdn.csv"])
    assert found == [
        urls[:1],
        ["/lists/uk"],
        ["http://["],
        ["/lists/us/sdn.csv"],
        [*urls[1:], old],
    ]


WRONG = {
    "missing": (answer(404), "its publisher answered 404"),
    "broken": (answer(500), "its publisher answered 500"),
    "partial": (answer(206, b"<x/>"), "its publisher answered 206"),
    "nothing_asked": (answer(304), "its publisher answered 304"),
    "a_page": (answer(200, b"<html/>", Content_Type="text/html; charset=utf-8"), "a web page"),
    "cut_off": (answer(200, b"<x/>", Content_Length="100"), r"\(RemoteProtocolError\)"),
    "no_gzip": (answer(200, b"<x/>", Content_Encoding="gzip"), r"\(DecodingError\)"),
    "a_file": (answer(302, Location="file:///etc/passwd"), "redirects to an address that is less"),
    "ftp": (answer(302, Location="ftp://127.0.0.1/list.xml"), "redirects to an address"),
    "data": (answer(302, Location="data:text/xml,<x/>"), "redirects to|could not be fetched"),
    "round": (answer(302, Location=UN), r"\(TooManyRedirects\)"),
    "silence": (silence, r"\(ReadTimeout\)"),
    "drip": (drip, "it took more than"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_failure_is_one_sentence_about_the_file(publisher, tmp_path, monkeypatch, name):
    monkeypatch.setattr(downloads, "TIMEOUT", httpx.Timeout(0.3))
    monkeypatch.setattr(downloads, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(downloads, "_PIECE", 1)
    publisher.act[UN], reason = WRONG[name]
    with pytest.raises(ListRefused, match=reason) as refused:
        fetch(publisher, tmp_path, UN)
    said = str(refused.value)
    assert said.startswith("The list file consolidated.xml was refused: ")
    assert "passwd" not in said


def test_a_redirect_on_the_web_is_followed(publisher, tmp_path):
    publisher.act["/old.xml"] = answer(301, Location=UN)
    assert fetch(publisher, tmp_path, "/old.xml").path.read_bytes() == publisher.files[UN]


def test_what_began_encrypted_never_goes_on_in_the_clear():
    check = downloads._as_safe_as("https://lists.example/a.xml")
    check(httpx.Request("GET", "https://other.example/a.xml"))
    for url in ("http://lists.example/a.xml", "file:///a.xml"):
        with pytest.raises(httpx.UnsupportedProtocol):
            check(httpx.Request("GET", url))
    downloads._as_safe_as("http://lists.example/a.xml")(httpx.Request("GET", "http://b.example"))


def test_a_download_that_does_not_end_is_cut_off(publisher, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    with pytest.raises(ListRefused, match="it is larger than"):
        fetch(publisher, tmp_path, UN)


def test_a_body_that_unpacks_without_end_is_cut_off(publisher, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1024 * 1024)
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)
    publisher.act[UN] = answer(200, bomb, Content_Encoding="gzip")
    with pytest.raises(ListRefused, match="it is larger than 1 MiB"):
        fetch(publisher, tmp_path, UN)


def test_a_url_can_not_name_a_file_outside_the_folder(publisher, tmp_path):
    paths = ("/..", "/un/%2e%2e", "/%2e%2e%2fun/consolidated.xml", "/?/../x")
    publisher.act = {path.partition("?")[0]: answer(200, b"<x/>") for path in ("/", *paths)}
    for n, path in enumerate(paths):
        folder = tmp_path / str(n) / "folder"
        folder.mkdir(parents=True)
        with contextlib.suppress(ListRefused):
            fetch(publisher, folder, path)
        assert [each.name for each in folder.parent.iterdir()] == ["folder"]
        assert len(list(folder.iterdir())) == 1


def test_who_watches_a_download_is_told_its_size_and_every_byte(publisher, tmp_path):
    told = []

    @contextmanager
    def watching(name, size):
        told.append((name, size))
        yield told.append

    downloads.fetch(publisher.urls(UN), tmp_path, {}, watching)
    length = len(publisher.files[UN])
    assert told[0] == ("consolidated.xml", length)
    assert sum(told[1:]) == length
