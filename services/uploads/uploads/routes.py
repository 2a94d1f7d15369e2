"""HTTP of uploads: the declaration, and an organisation's documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, request, url_for

from common.clock import now
from common.db import insert
from common.events.catalogue import DocumentAvailable, DocumentRemoved
from common.ids import uuid7
from common.messaging import publish
from common.privacy.audit import audit
from common.refusals import NotFound
from common.web import Page, authorise, internal, page, reading, runtime, transaction
from uploads import removals, store
from uploads.forms import Blueprint, measure
from uploads.models import Document
from uploads.queries import documents_of, uploaded_before
from uploads.retention import require_relation
from uploads.rules import (
    CURRENT_DECLARATION,
    DECLARATIONS,
    VISIBILITY,
    MediaType,
    UploadInterrupted,
    media_type_of,
)
from uploads.schemas import DeclarationView, DocumentView, NewDocument

bp = Blueprint("uploads", __name__)

_KINDS = {"encoding": {"file": {"contentType": ", ".join(MediaType)}}}


@bp.get("/declaration")
@bp.response(200, DeclarationView)
def read_declaration():
    """Tell what is declared with an upload, and who will see the file (S54, S55, S56)."""
    return {
        "version": CURRENT_DECLARATION,
        "text": DECLARATIONS[CURRENT_DECLARATION],
        "visibility": VISIBILITY,
    }


@bp.post("/documents")
@bp.doc(requestBody={"content": {"multipart/form-data": _KINDS}})
@bp.arguments(NewDocument, location="files")
@bp.response(201, DocumentView)
@bp.alt_response(200, schema=DocumentView, description="Uploaded before", success=True)
def upload_document(body):
    """Store a drawing or image for everybody of one's organisation (S53, S54).

    The same content under the same name by the same person is the same document: an upload that
    is sent again answers 200 with it. That takes the place of an Idempotency-Key, which needs the
    whole body in memory. Content that is no drawing or image answers 415, a version of the
    declaration that is not the current one 422.
    """
    with reading() as session:
        person = authorise(session, "document.upload")
    draft = _draft(body, person.organisation_id, person.account_id)
    with transaction() as session:
        require_relation(session, person.organisation_id)
        if before := uploaded_before(session, draft):
            return before, 200, _where(before)
        draft["declared_at"] = now(session)
        removals.expect(session, draft["object_key"])
    store.write(runtime().resource(store.open_store), draft["object_key"], body["file"].stream)
    with transaction() as session:
        require_relation(session, person.organisation_id)
        document, status = _enter(session, draft)
    return document, status, _where(document)


@bp.get("/documents")
@bp.arguments(Page, location="query")
@bp.response(200, DocumentView(many=True))
def list_documents(asked):
    """List the documents of one's own organisation, newest first (S54)."""
    with reading() as session:
        person = authorise(session, "document.list")
        found, headers = page(session, documents_of(person.organisation_id), Document.id, asked)
    return found, 200, headers


@bp.get("/documents/<uuid:document_id>")
@bp.response(200, DocumentView)
def read_document(document_id):
    """Show what is known of a document (S54)."""
    with reading() as session:
        return authorise(session, "document.read", Document, document_id)


def _in_every_kind(view: Any) -> Any:
    """Document that the answer's content type is that of the document."""
    for media_type in MediaType:
        view = bp.alt_response(
            200,
            schema={"type": "string", "format": "binary"},
            content_type=media_type.value,
            description="The document's content",
            success=True,
        )(view)
    return view


@bp.get("/documents/<uuid:document_id>/content")
@_in_every_kind
@bp.alt_response(304, success=True)
def download_document(document_id):
    """Send a document's content, to be saved and never to be shown as a page (S54)."""
    with reading() as session:
        document = authorise(session, "document.read", Document, document_id)
    if request.if_none_match.contains(document.sha256):
        answer = Response(status=304)
    else:
        content = store.read(runtime().resource(store.open_store), document.object_key)
        answer = Response(content, content_type=document.media_type)
        answer.content_length = document.size_bytes
        answer.headers["Content-Disposition"] = _as_attachment(document.file_name)
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.set_etag(document.sha256)
    return answer


@bp.get("/internal/accounts/<uuid:account_id>/documents/<uuid:document_id>/content")
@internal("documents:read")
@_in_every_kind
def tell_content(account_id, document_id):
    """Send a document to identity, for the export of the person who uploaded it (art. 15, 20)."""
    with reading() as session:
        document = session.get(Document, document_id)
    if document is None or document.uploader_id != account_id:
        raise NotFound()
    content = store.read(runtime().resource(store.open_store), document.object_key)
    return Response(content, content_type=document.media_type)


@bp.delete("/documents/<uuid:document_id>")
@bp.response(204)
def delete_document(document_id):
    """Delete a document: its uploader may, and so may the organisation's user manager (S55)."""
    with transaction() as session:
        document = authorise(session, "document.delete", Document, document_id)
        session.delete(document)
        removals.order(session, [document.object_key])
        audit(session, "document.delete", document.id)
        publish(
            session,
            DocumentRemoved(document_id=document.id, organisation_id=document.organisation_id),
        )
    return Response(status=204)


def _draft(body: dict[str, Any], organisation_id: Any, uploader_id: Any) -> dict[str, Any]:
    """Columns of the document that is to become of an upload, as far as its content tells."""
    file, document_id = body["file"], uuid7()
    content = measure(file.stream)
    return {
        "id": document_id,
        "organisation_id": organisation_id,
        "uploader_id": uploader_id,
        "file_name": file.filename,
        "media_type": media_type_of(file.filename, content.head),
        "size_bytes": content.size_bytes,
        "sha256": content.sha256,
        "declaration_version": body["declaration"],
        "object_key": f"originals/{document_id}",
    }


def _enter(session: Any, draft: dict[str, Any]) -> tuple[Document, int]:
    """Make a document of what is stored now; the other one when the same upload was faster."""
    if not removals.adopt(session, draft["object_key"]):
        raise UploadInterrupted("It took too long to store the file.")
    entered = insert(session, Document).values(**draft, uploaded_at=now(session))
    document = session.scalar(entered.on_conflict_do_nothing().returning(Document))
    if document is None:
        removals.order(session, [draft["object_key"]])
        before = uploaded_before(session, draft)
        if before is None:
            raise UploadInterrupted("The file was uploaded and deleted at the same time.")
        return before, 200
    publish(
        session,
        DocumentAvailable(document_id=document.id, organisation_id=document.organisation_id),
    )
    return document, 201


def _where(document: Document) -> dict[str, str]:
    path = url_for(".read_document", document_id=document.id)
    return {"Location": path, "ETag": f'"{document.version}"'}


def _as_attachment(file_name: str) -> str:
    """Content-Disposition by RFC 6266: the name in UTF-8, and an ASCII one for old programs."""
    plain = "".join(
        character if character.isascii() and character not in '"%;' else "_"
        for character in file_name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
