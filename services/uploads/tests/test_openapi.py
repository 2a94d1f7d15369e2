"""What the OpenAPI document says is what happens, whatever is sent."""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.file_samples import FILE_SAMPLES
from schemathesis.generation import GenerationMode

from common.web import Role
from uploads.rules import MediaType

# Content is no matter of a schema: of the kinds that a form takes, these are sent for real.
for media_type, extension in {"image/png": "png", "application/pdf": "pdf"}.items():
    schemathesis.openapi.media_type(media_type, st.just(FILE_SAMPLES[extension]))

OPERATIONS = [
    ("GET", "/declaration"),
    ("POST", "/documents"),
    ("GET", "/documents"),
    ("GET", "/documents/{document_id}"),
    ("GET", "/documents/{document_id}/content"),
    ("DELETE", "/documents/{document_id}"),
]


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_of_those_described(uploads, method, path, mode):
    api = schemathesis.openapi.from_wsgi("/openapi.json", uploads.app)
    person = uploads.sign_in(Role.USER_MANAGER)

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(api[path][method].as_strategy(generation_mode=mode))
    def conforms(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {person.token}"})

    conforms()


def test_no_operation_is_forgotten_here(uploads):
    paths = uploads.anonymous().get("/openapi.json").json["paths"]
    described = {
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations.keys() - {"parameters"}
    }
    rules = uploads.app.url_map.iter_rules()
    everywhere = {str(each) for each in rules if each.endpoint.startswith("privacy.")}
    shared = {re.sub("<uuid:(.*?)>", r"{\1}", each) for each in everywhere}
    internal = {each for each in described if each[1].startswith("/internal")}
    own = {each for each in described - internal if each[1] not in shared}
    assert own == set(OPERATIONS)


def test_the_document_describes_form_and_content(uploads):
    paths = uploads.anonymous().get("/openapi.json").json["paths"]
    form = paths["/documents"]["post"]["requestBody"]["content"]
    assert set(form) == {"multipart/form-data"}
    kinds = form["multipart/form-data"]["encoding"]["file"]["contentType"].split(", ")
    content = paths["/documents/{document_id}/content"]["get"]["responses"]["200"]["content"]
    assert set(kinds) == set(content) == {each.value for each in MediaType}


def test_deleting_takes_if_match_and_uploading_has_none(uploads):
    paths = uploads.anonymous().get("/openapi.json").json["paths"]
    (match,) = paths["/documents/{document_id}"]["delete"]["parameters"]
    assert match["name"] == "If-Match"
    assert paths["/documents"]["post"]["parameters"] == []
