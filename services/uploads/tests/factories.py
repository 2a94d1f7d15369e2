"""Things that tests are about; whatever a test does not name is plausible."""

import hashlib
from datetime import UTC, datetime
from io import BytesIO

import httpx
from PIL import Image

from common.ids import uuid7
from uploads import store
from uploads.models import Document
from uploads.rules import CURRENT_DECLARATION, MediaType

UPLOADED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

DXF = b"  0\r\nSECTION\r\n  2\r\nENTITIES\r\n  0\r\nENDSEC\r\n  0\r\nEOF\r\n"
SVG = b'<?xml version="1.0"?>\n<!-- a part -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
STEP = b"ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n"


def an_image(format="PNG", colour=0):
    """A small image as Pillow writes it; PDF counts as one."""
    content = BytesIO()
    Image.new("RGB", (8, 8), (colour, 0, 0)).save(content, format)
    return content.getvalue()


PNG = an_image()


def a_document(**facts):
    """A row whose object is in no store."""
    document_id = facts.pop("id", None) or uuid7()
    known = {
        "organisation_id": uuid7(),
        "uploader_id": uuid7(),
        "file_name": "bracket.png",
        "media_type": MediaType.PNG,
        "size_bytes": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "declaration_version": CURRENT_DECLARATION,
        "declared_at": UPLOADED_AT,
        "uploaded_at": UPLOADED_AT,
        "object_key": f"originals/{document_id}",
    }
    return Document(id=document_id, **{**known, **facts})


def a_stored_document(uploads, **facts):
    """A row whose object is in the store."""
    document = uploads.given(a_document(**facts))
    store.write(uploads.runtime.resource(store.open_store), document.object_key, BytesIO(PNG))
    return document


def upload(caller, name="bracket.png", content=PNG, declaration=CURRENT_DECLARATION):
    """Upload a file as a browser would; httpx writes the form, not the library that reads it."""
    return post_form(caller, fields={"declaration": declaration}, files=[("file", (name, content))])


def post_form(caller, *, fields=(), files=()):
    """Post any multipart form."""
    request = httpx.Request("POST", "http://uploads/", data=dict(fields), files=list(files))
    return caller.post(
        "/documents", data=request.read(), content_type=request.headers["Content-Type"]
    )


def post_parts(caller, *parts):
    """Post a form of parts as they are: (Content-Disposition, content)."""
    lines = [
        b"--frontier\r\nContent-Disposition: %s\r\n\r\n%s\r\n" % (disposition, content)
        for disposition, content in parts
    ]
    return caller.post(
        "/documents",
        data=b"".join(lines) + b"--frontier--\r\n",
        content_type="multipart/form-data; boundary=frontier",
    )


def objects(uploads):
    """Keys of all that is in the folder that is the store."""
    root = uploads.folder / "objects"
    return sorted(str(each.relative_to(root)) for each in root.rglob("*") if each.is_file())
