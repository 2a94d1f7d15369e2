"""Privacy notices, for anybody (S1)."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from common.web import public, reader_language, reading, runtime
from identity import notices
from identity.models import Notice
from identity.routes.blueprint import bp
from identity.schemas.notices import NoticeAsked, NoticeLine, NoticeView


@bp.get("/notices")
@public
@bp.response(200, NoticeLine(many=True))
def list_notices():
    """List every version of the privacy notice, the newest first (S1)."""
    with reading() as session:
        return notices.all_of_them(session)


@bp.get("/notices/current")
@public
@bp.arguments(NoticeAsked, location="query")
@bp.response(200, NoticeView)
@bp.alt_response(304, success=True)
def read_current_notice(asked):
    """Show the privacy notice in force for people of a country (S1, art. 13 and 14 GDPR)."""
    with reading() as session:
        return _answer(notices.in_force(session, asked["country"]))


@bp.get("/notices/<version>")
@public
@bp.response(200, NoticeView)
@bp.alt_response(304, success=True)
def read_notice(version):
    """Show any version of the privacy notice, as consents and accounts name it (S1)."""
    with reading() as session:
        return _answer(notices.of_version(session, version))


def _answer(notice: Notice) -> Response:
    """A notice; nothing but its digest for who has this text already."""
    language = reader_language()
    told: dict[str, Any] = notices.shown(notice, language, runtime().settings)
    known = request.if_none_match.contains(told["sha256"])
    answer = Response(status=304) if known else jsonify(NoticeView().dump(told))
    answer.headers.update({"Content-Language": language, "Vary": "Accept-Language"})
    answer.cache_control.max_age, answer.cache_control.public = 300, True
    answer.set_etag(told["sha256"])
    return answer
