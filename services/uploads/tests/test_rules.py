"""What is taken as a drawing or image, and under which names."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.texts import LANGUAGES
from uploads.rules import (
    CURRENT_DECLARATION,
    DECLARATIONS,
    EXTENSIONS,
    HEAD_BYTES,
    VISIBILITY,
    KindNotTaken,
    MediaType,
    NameOfAnotherKind,
    fault_of_name,
    media_type_of,
    sniff,
    wait_before_try,
)

from .factories import DXF, PNG, STEP, SVG, an_image

# ------------------------------------------------------------------------------- what is taken


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("3_us_main.dxf", MediaType.DXF),
        ("3dsolids.dxf", MediaType.DXF),
        ("POLI-ALL210_12.DXF", MediaType.DXF),
        ("bin_dxf_r13.dxf", MediaType.DXF),
        ("columns_R2018.dxf", MediaType.DXF),
        ("dimension_in_nested_blocks.dxf", MediaType.DXF),
        ("forms.dxf", MediaType.DXF),
        ("hatches_1.dxf", MediaType.DXF),
        ("recover01.dxf", MediaType.DXF),
        ("text.dxf", MediaType.DXF),
        ("usa.dxf", MediaType.DXF),
        ("viewport_frozen_layers.dxf", MediaType.DXF),
        ("xclip.dxf", MediaType.DXF),
        ("dim_radial_tutorial.dwg", MediaType.DWG),
    ],
)
def test_real_drawings_are_known_by_their_content(drawings, name, kind):
    with (drawings / name).open("rb") as file:
        head = file.read(HEAD_BYTES)
    assert media_type_of(name, head) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("PNG", MediaType.PNG),
        ("JPEG", MediaType.JPEG),
        ("TIFF", MediaType.TIFF),
        ("WEBP", MediaType.WEBP),
        ("PDF", MediaType.PDF),
    ],
)
def test_images_as_a_library_writes_them_are_known(name, kind):
    assert sniff(an_image(name)) is kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"999\nmade by hand\n" + DXF.replace(b"\r\n", b"\n"), MediaType.DXF),
        (DXF.replace(b"\r\n", b"\r"), MediaType.DXF),
        (b"\xef\xbb\xbf" + DXF, MediaType.DXF),
        (b"MM\0*\0\0\0\x08", MediaType.TIFF),
        (b"II+\0\x08\0\0\0", MediaType.TIFF),
        (b"\n" + STEP, MediaType.STEP),
        (SVG, MediaType.SVG),
        (b"\xef\xbb\xbf<svg>", MediaType.SVG),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n<svg width="1"/>', MediaType.SVG),
        (b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', MediaType.SVG),
    ],
)
def test_other_spellings_of_a_kind_are_known_too(content, kind):
    assert sniff(content) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"hello",
        b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>",  # evil/make.py: html_as_png.png
        b"GIF89a/*<script>*/=1;",  # evil/make.py: gif_js.gif
        b"PK\x03\x04",
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WAVE",
        b"%PDF-",
        b"AC10",
        b"AC1027 is a version of DWG",
        b"  0\nSECTION\n  2\nSCRIPT\n",
        b"  0\nSECTION\n",
        b"<html><svg></svg></html>",
        b"<svgs>",
        b"<!-- <svg> ",
        b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>',
    ],
)
def test_nothing_else_is_taken(content):
    assert sniff(content) is None
    with pytest.raises(KindNotTaken):
        media_type_of("drawing.dxf", content)


@given(st.binary() | st.text().map(str.encode))
def test_any_content_is_either_a_kind_or_none(content):
    assert sniff(content) in {None, *MediaType}


def test_many_comments_before_a_drawing_take_no_time_to_read():
    assert sniff(b"<!---->" * 9000 + b"<svg>") is MediaType.SVG
    assert sniff(b"<!---->" * 9000 + b"<html>") is None


@pytest.mark.parametrize("kind", MediaType)
def test_every_kind_has_its_extensions(kind):
    assert EXTENSIONS[kind]
    assert all(re.fullmatch(r"\.[a-z0-9]+", each) for each in EXTENSIONS[kind])


@pytest.mark.parametrize("name", ["a.png", "A.PNG", "a.dxf.png", "Teil 1 – Rückwand.png"])
def test_a_name_may_have_the_extension_of_the_content(name):
    assert media_type_of(name, PNG) is MediaType.PNG


@pytest.mark.parametrize("name", ["a.dxf", "a.jpg", "a", "png", ".png", "a.png.exe", "a.png "])
def test_a_name_with_any_other_extension_is_refused(name):
    with pytest.raises(NameOfAnotherKind):
        media_type_of(name, PNG)


# ------------------------------------------------------------------------------------ file names


@pytest.mark.parametrize(
    "name",
    [
        "a.dxf",
        "Halterung (2) – Rückwand.dxf",
        "部品図.dxf",
        "رسم.dxf",
        "שרטוט.dxf",
        "👩🏽‍🔧.dxf",
        "e\u0301.dxf",
        ' "quoted"; a=%22 .dxf',
        "..",
        "x" * 255,
        "𝔛" * 255,
    ],
)
def test_any_name_of_255_characters_is_good(name):
    assert fault_of_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 256,
        "a\0.dxf",
        "a\n.dxf",
        "a\x7f.dxf",
        "a\x85.dxf",
        "a\u2028.dxf",
        "a\u202efxd.exe",
        f"a{chr(0xD800)}.dxf",
        "a\ufffd.dxf",
        "a/b.dxf",
        "C:\\b.dxf",
        "../../etc/passwd",
    ],
)
def test_a_name_that_could_not_be_kept_as_it_is_is_refused(name):
    fault = fault_of_name(name)
    assert fault
    assert not name or name not in fault


# --------------------------------------------------------------------- declarations and removals


def test_the_current_declaration_is_there_in_every_language():
    texts = [DECLARATIONS[CURRENT_DECLARATION], VISIBILITY]
    assert all(len({text.say(each) for each in LANGUAGES}) == 3 for text in texts)


def test_waits_between_removals_double_up_to_an_hour():
    waits = [wait_before_try(attempts) for attempts in range(1, 100)]
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
