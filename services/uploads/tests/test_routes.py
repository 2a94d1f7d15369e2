"""HTTP of uploads: what goes in comes out unchanged, and nothing bad is stored."""

import hashlib
import json
import os
import re
import tracemalloc
from io import BytesIO
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from common.events.catalogue import DocumentAvailable, DocumentRemoved
from common.privacy.audit import AuditEntry
from common.testing.harness import Harness, pointers
from common.web import Role
from uploads import store
from uploads.app import service
from uploads.models import Document, Removal
from uploads.rules import CURRENT_DECLARATION, EXTENSIONS, MediaType

from .conftest import S3
from .factories import (
    DXF,
    PNG,
    STEP,
    SVG,
    a_document,
    a_stored_document,
    an_image,
    objects,
    post_form,
    post_parts,
    upload,
)

NOBODYS = "01a20000-0000-7000-8000-000000000001"

OF_EACH_KIND = {
    MediaType.DXF: DXF,
    MediaType.DWG: b"AC1027" + bytes(20),
    MediaType.SVG: SVG,
    MediaType.STEP: STEP,
    MediaType.PDF: an_image("PDF"),
    MediaType.PNG: PNG,
    MediaType.JPEG: an_image("JPEG"),
    MediaType.TIFF: an_image("TIFF"),
    MediaType.WEBP: an_image("WEBP"),
}
DECLARED = (b'form-data; name="declaration"', CURRENT_DECLARATION.encode())


@pytest.fixture
def person(uploads):
    return uploads.sign_in(Role.MEMBER)


@pytest.fixture
def colleague(uploads, person):
    return uploads.sign_in(Role.MEMBER, organisation_id=person.person.organisation_id)


def stored(uploads):
    """How much there is of everything that an upload makes."""
    rows = len(uploads.rows(Document)), len(uploads.rows(Removal))
    return rows, objects(uploads), uploads.published()


NOTHING = (0, 0), [], []


# ---------------------------------------------------------------------------------- declaration


def test_the_declaration_and_who_will_see_a_file_are_told_before(person):  # S54, S56
    told = person.get("/declaration")
    assert told.status_code == 200
    assert told.json["version"] == CURRENT_DECLARATION
    assert set(told.json["text"]) == set(told.json["visibility"]) == {"en", "nl", "de"}
    assert told.json["text"]["de"].startswith("Ich erkläre")


# --------------------------------------------------------------------------------------- upload


def test_an_upload_becomes_a_document_of_the_organisation(uploads, person, colleague):  # S53, S54
    answer = upload(person, "Halterung.dxf", DXF)
    assert answer.status_code == 201
    assert answer.json == {
        "id": answer.json["id"],
        "file_name": "Halterung.dxf",
        "media_type": "image/vnd.dxf",
        "size_bytes": len(DXF),
        "sha256": hashlib.sha256(DXF).hexdigest(),
        "uploader_id": str(person.person.account_id),
        "uploaded_at": "2026-03-02T09:00:00Z",
        "declaration_version": CURRENT_DECLARATION,  # S56
        "declared_at": "2026-03-02T09:00:00Z",
    }
    assert answer.headers["Location"] == f"/documents/{answer.json['id']}"
    assert answer.headers["ETag"] == '"1"'
    (document,) = uploads.rows(Document)
    assert uploads.published() == [
        DocumentAvailable(document_id=document.id, organisation_id=person.person.organisation_id)
    ]
    assert uploads.rows(Removal) == []
    seen = colleague.get(answer.headers["Location"])
    assert (seen.status_code, seen.json, seen.headers["ETag"]) == (200, answer.json, '"1"')
    assert colleague.get("/documents").json == [answer.json]


@pytest.mark.parametrize("kind", MediaType)
def test_every_kind_is_taken_and_given_back(person, kind):  # S53
    content = OF_EACH_KIND[kind]
    document = upload(person, f"drawing{EXTENSIONS[kind][-1]}", content).json
    assert document["media_type"] == kind.value
    answer = person.get(f"/documents/{document['id']}/content")
    assert (answer.status_code, answer.data) == (200, content)
    assert answer.headers["Content-Type"] == kind.value


def test_a_real_drawing_is_given_back_byte_for_byte(person, drawings):
    for path in (drawings / "3_us_main.dxf", drawings / "dim_radial_tutorial.dwg"):
        content = path.read_bytes()
        document = upload(person, path.name, content).json
        assert person.get(f"/documents/{document['id']}/content").data == content


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "Halterung (2) – Rückwand.png",
        "部品図.png",
        "رسم.png",
        "👩🏽‍🔧.png",
        "e\u0301.png",
        "\u00e9.png",
        " a b .png",
        'the "big" one; 100 %41.png',
        "comma, semi; colon: star*.png",
        "<script>alert(1)</script>.png".replace("/", "|"),
        "'; DROP TABLE documents; --.png",
        "𝔛" * 251 + ".png",
    ],
)
def test_a_file_name_comes_back_as_it_was_sent(person, name):
    answer = upload(person, name)
    assert (answer.status_code, answer.json["file_name"]) == (201, name)
    assert person.get(answer.headers["Location"]).json["file_name"] == name
    header = person.get(f"/documents/{answer.json['id']}/content").headers["Content-Disposition"]
    plain, encoded = re.fullmatch(
        r"attachment; filename=\"([ -~]+)\"; filename\*=UTF-8''([!-~]+)", header
    ).groups()
    assert unquote(encoded, errors="strict") == name
    assert '"' not in plain
    assert plain.endswith(".png")


def test_an_upload_that_is_sent_again_is_the_same_document(uploads, person):
    first, again = upload(person), upload(person)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert stored(uploads) == ((1, 0), [uploads.rows(Document)[0].object_key], uploads.published())
    assert len(uploads.published()) == 1


def test_another_name_content_or_person_makes_another_document(uploads, person, colleague):
    made = [upload(person), upload(person, "b.png"), upload(person, content=an_image(colour=9))]
    made.append(upload(colleague))
    assert [answer.status_code for answer in made] == [201] * 4
    assert len(objects(uploads)) == len(uploads.rows(Document)) == 4


def test_what_was_deleted_can_be_uploaded_again(person):
    first = upload(person)
    person.change("DELETE", first.headers["Location"], 1)
    again = upload(person)
    assert again.status_code == 201
    assert again.json["id"] != first.json["id"]


# --------------------------------------------------------------------------------- bad uploads


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.png", b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>"),
        ("image.gif", b"GIF89a/*<script>*/=1;"),
        ("archive.dxf", b"PK\x03\x04" + bytes(100)),
        ("page.svg", b"<html></html>"),
        ("nothing.png", b""),
        ("image.jpg", PNG),
        ("program.exe", PNG),
        ("nameless", PNG),
    ],
)
def test_content_that_is_not_what_it_is_called_is_not_stored(uploads, person, name, content):
    answer = upload(person, name, content)
    assert answer.status_code == 415
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] in ("/problems/kind-not-taken", "/problems/name-of-another-kind")
    assert name not in answer.text
    assert stored(uploads) == NOTHING


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Only drawings and images can be uploaded"),
        ("nl", "Alleen tekeningen en afbeeldingen kunnen worden geüpload"),
        ("de", "Nur Zeichnungen und Bilder können hochgeladen werden"),
    ],
)
def test_refusals_are_in_the_readers_language(person, language, title):
    request = {"Accept-Language": language}
    form = {"file": (BytesIO(b"no"), "a.png"), "declaration": CURRENT_DECLARATION}
    assert person.post("/documents", data=form, headers=request).json["title"] == title


FILE = b'form-data; name="file"; filename="%s"'


@pytest.mark.parametrize(
    "file_name",
    [
        b"",
        b"a/b.png",
        b"../b.png",
        b"a\\b.png",
        b"C:\\b.png",
        b"a\0.png",
        b"a\x1b.png",
        b"a\x7f.png",
        b"a\xff.png",
        b"a\xed\xa0\x80.png",  # a lone surrogate
        "a\u202egnp.exe.png".encode(),
        b"x" * 252 + b".png",
        b"x" * 100_000 + b".png",
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_not_mended(uploads, person, file_name):
    answer = post_parts(person, DECLARED, (FILE % file_name, PNG))
    assert answer.status_code == 422
    assert "/file" in pointers(answer)
    assert stored(uploads) == NOTHING


def test_a_name_in_percent_code_that_is_no_text_is_refused(uploads, person):
    part = b"form-data; name=\"file\"; filename*=UTF-8''a%FF.png"
    assert pointers(post_parts(person, DECLARED, (part, PNG))) == {"/file"}
    assert stored(uploads) == NOTHING


@pytest.mark.parametrize(
    "declaration", ["", "1999-01", "true", "x" * 10_000, CURRENT_DECLARATION + " ", "a\0b"]
)
def test_only_the_current_declaration_counts(uploads, person, declaration):  # S56
    answer = upload(person, declaration=declaration)
    assert answer.status_code == 422
    assert pointers(answer) == {"/declaration"}
    assert stored(uploads) == NOTHING


@pytest.mark.parametrize(
    ("parts", "faulty"),
    [
        ([], {"/file", "/declaration"}),
        ([DECLARED], {"/file"}),
        ([(FILE % b"a.png", PNG)], {"/declaration"}),
        ([DECLARED, (b'form-data; name="file"', b"a.png")], {"/file"}),
        ([(b'form-data; name="declaration"; filename="a"', b"x")], {"/file", "/declaration"}),
        ([DECLARED, (FILE % b"a.png", PNG), (b'form-data; name="admin"', b"1")], {"/admin"}),
        ([DECLARED, DECLARED, (FILE % b"a.png", PNG)], {"/declaration"}),
        ([DECLARED, (FILE % b"a.png", PNG), (FILE % b"b.png", PNG)], {"/file"}),
    ],
)
def test_a_form_has_each_part_once_and_no_other(uploads, person, parts, faulty):
    answer = post_parts(person, *parts)
    assert answer.status_code == 422
    assert pointers(answer) == faulty
    assert stored(uploads) == NOTHING


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"file": "x"}', 415),
        ("application/x-www-form-urlencoded", b"file=x&declaration=y", 415),
        ("text/plain", b"x", 415),
        ("", b"", 415),
        ("multipart/form-data", b"x", 422),
        ("multipart/form-data; boundary=a", b"x", 422),
        ("multipart/form-data; boundary=a", b"--a\r\nX: y\r\n\r\n\r\n--a--\r\n", 422),
        ("multipart/form-data; boundary=\xe4", b"--a\r\n", 422),
    ],
)
def test_a_body_that_is_no_form_is_refused(uploads, person, content_type, body, status):
    answer = person.post("/documents", data=body, content_type=content_type)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert stored(uploads) == NOTHING


def test_a_form_of_very_many_parts_is_refused(uploads, person):
    parts = [(b'form-data; name="%d"; filename="a"' % n, b"x") for n in range(20)]
    assert post_parts(person, *parts).status_code == 413
    assert stored(uploads) == NOTHING


@pytest.fixture
def narrow(tmp_path):
    """Uploads that takes no more than 2,000 bytes."""
    harness = Harness(
        service, tmp_path, store_url=f"folder:{tmp_path}/objects", max_body_bytes=2000
    )
    yield harness
    harness.runtime.close()


def test_more_than_is_taken_is_refused(narrow):
    person = narrow.sign_in()
    answer = upload(person, "a.dxf", DXF + bytes(2000))
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"
    assert stored(narrow) == NOTHING
    assert upload(person, "a.dxf", DXF + bytes(500)).status_code == 201


def test_more_than_is_taken_is_refused_when_its_length_was_not_told(narrow):
    form = b"--a\r\nContent-Disposition: %s\r\n\r\n%s\r\n" % (FILE % b"a.dxf", DXF + bytes(2000))
    answer = narrow.sign_in().post(
        "/documents",
        input_stream=BytesIO(form + b"--a--\r\n"),
        content_type="multipart/form-data; boundary=a",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
    assert stored(narrow) == NOTHING


def test_a_big_file_is_never_whole_in_memory(uploads, person, tmp_path):
    form = tmp_path / "form"
    size = 30_000_000
    with form.open("wb") as file:
        for disposition, content in (DECLARED, (FILE % b"big.dxf", DXF)):
            file.write(b"--a\r\nContent-Disposition: %s\r\n\r\n%s" % (disposition, content))
            file.write(b"\r\n" if disposition == DECLARED[0] else b"")
        for _ in range(size // 1_000_000):
            file.write(os.urandom(500_000) * 2)
        file.write(b"\r\n--a--\r\n")
    tracemalloc.start()
    try:
        with form.open("rb") as file:
            answer = person.post(
                "/documents",
                input_stream=file,
                content_length=form.stat().st_size,
                content_type="multipart/form-data; boundary=a",
            )
        path = f"/documents/{answer.json['id']}/content"
        sent = sum(map(len, person.get(path, buffered=False).response))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.json["size_bytes"] == sent == len(DXF) + size
    assert peak < 10_000_000


# ------------------------------------------------------------------------------------------ list


def test_a_list_comes_in_pages_newest_first(person):
    names = [f"{n}.png" for n in range(5)]
    for name in names:
        upload(person, name)
    found, path = [], "/documents?limit=2"
    while path:
        answer = person.get(path)
        found += [each["file_name"] for each in answer.json]
        path = re.sub(r"<http://[^/]+|>.*", "", answer.headers.get("Link", ""))
    assert found == names[::-1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", f"limit={10**400}", "cursor=é", "limit=x"]
)
def test_a_list_that_makes_no_sense_is_refused(person, query):
    assert person.get(f"/documents?{query}").status_code == 422


@pytest.mark.parametrize("suffix", ["", "/content"])
@pytest.mark.parametrize("document_id", ["1", "x" * 5000, "%00", NOBODYS, "%ED%A0%80"])
def test_what_is_not_there_is_not_found(person, document_id, suffix):
    answer = person.get(f"/documents/{document_id}{suffix}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


# -------------------------------------------------------------------------------------- download


def test_content_is_sent_to_be_saved_and_never_shown(uploads, person):
    document = upload(person, "drawing.svg", SVG).json
    answer = person.get(f"/documents/{document['id']}/content")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) == len(SVG)


def test_content_that_the_reader_has_is_not_sent_again(person):
    document = upload(person).json
    path = f"/documents/{document['id']}/content"
    tag = person.get(path).headers["ETag"]
    assert tag == f'"{document["sha256"]}"'
    again = person.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert person.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_document_whose_object_is_away_is_unavailable_not_empty(uploads, person):
    lost = uploads.given(a_document(organisation_id=person.person.organisation_id))
    answer = person.get(f"/documents/{lost.id}/content")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# ---------------------------------------------------------------------------------------- delete


def test_who_uploaded_deletes_and_nothing_is_left(uploads, person, colleague):  # S55
    path = upload(person).headers["Location"]
    uploads.forget_published()
    (document,) = uploads.rows(Document)
    answer = person.change("DELETE", path, 1)
    assert (answer.status_code, answer.data) == (204, b"")
    assert uploads.published() == [
        DocumentRemoved(document_id=document.id, organisation_id=document.organisation_id)
    ]
    assert colleague.get(path).status_code == 404
    assert colleague.get(f"{path}/content").status_code == 404
    assert uploads.run_steps() == 2  # its content goes, and what the audit says of it is sealed
    assert (objects(uploads), uploads.rows(Removal)) == ([], [])
    (entry,) = uploads.rows(AuditEntry)
    assert (entry.actor, entry.action, entry.subject) == (
        str(person.person.account_id),
        "document.delete",
        str(document.id),
    )


def test_the_user_manager_deletes_what_colleagues_uploaded(uploads):  # settled reading 4
    document = a_stored_document(uploads)
    chief = uploads.sign_in(Role.USER_MANAGER, organisation_id=document.organisation_id)
    assert chief.change("DELETE", f"/documents/{document.id}", 1).status_code == 204
    assert uploads.rows(Document) == []


def test_a_colleague_does_not_delete(uploads, person, colleague):
    path = upload(person).headers["Location"]
    assert colleague.change("DELETE", path, 1).status_code == 403
    assert len(uploads.rows(Document)) == 1


def test_deleting_needs_what_was_seen(uploads, person):
    path = upload(person).headers["Location"]
    assert person.call("DELETE", path).status_code == 428
    assert person.change("DELETE", path, 7).status_code == 412
    assert len(uploads.rows(Document)) == 1
    assert [person.change("DELETE", path, 1).status_code for _ in range(2)] == [204, 404]
    assert len(uploads.published(DocumentRemoved)) == 1


# --------------------------------------------------------------------------------- personal data


def test_no_log_line_and_no_event_names_a_file(uploads, person):
    canary = "Kanarienvogel"
    with capture_logs() as lines:
        path = upload(person, f"{canary}.png").headers["Location"]
        upload(person, f"{canary}.dxf")
        upload(person, f"{canary}/.png")
        person.get(f"{path}/content")
        person.change("DELETE", path, 1)
        uploads.run_steps()
    assert lines
    assert canary not in str(lines)
    assert canary not in json.dumps([str(each) for each in uploads.published()])


# -------------------------------------------------------------------------------------------- S3


def test_a_document_lives_and_dies_in_a_bucket(tmp_path, s3):
    url = s3.new_bucket(versioning=True)
    uploads = Harness(service, tmp_path, store_url=url, **S3.settings)
    person = uploads.sign_in()
    path = upload(person).headers["Location"]
    assert s3.everything(url) == [uploads.rows(Document)[0].object_key]
    assert person.get(f"{path}/content").data == PNG
    assert person.change("DELETE", path, 1).status_code == 204
    assert uploads.run_steps() == 2  # its content goes, and what the audit says of it is sealed
    assert s3.everything(url) == []
    uploads.runtime.close()


def test_nothing_is_taken_while_the_store_is_away(tmp_path, s3):
    url = s3.new_bucket()
    uploads = Harness(service, tmp_path, store_url=url, **S3.settings)
    person = uploads.sign_in()
    uploads.runtime.resource(store.open_store)
    s3.stop()
    try:
        answer = upload(person)
    finally:
        s3.start()
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/store-unavailable")
    assert (uploads.rows(Document), uploads.published()) == ([], [])
    assert upload(person).status_code == 201
    uploads.clock.advance("PT1H")
    uploads.run_steps()
    assert s3.everything(url) == [uploads.rows(Document)[0].object_key]
    uploads.runtime.close()


def test_fields_and_files_may_come_in_any_order(person):
    form = post_form(
        person,
        fields={"declaration": CURRENT_DECLARATION},
        files=[("file", ("a.png", PNG, "text/html"))],
    )
    assert form.json["media_type"] == "image/png"
    parts = post_parts(person, (FILE % b"b.png", PNG), DECLARED)
    assert parts.status_code == 201
