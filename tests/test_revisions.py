"""What a serving process takes for the newest migration is what alembic does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from alembic.script import ScriptDirectory

from common import migrations, revisions
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.service import load_services


@pytest.mark.parametrize("name", OWNERS_OF_PERSONAL_DATA)
def test_names_of_files_tell_the_same_revisions_as_alembic_reads_in_them(name: str) -> None:
    runtime = SimpleNamespace(service=load_services([name])[name])
    scripts = ScriptDirectory.from_config(migrations._config(runtime))
    told = [revisions.revisions(folder) for folder in revisions.folders(runtime)]
    read = {each.revision for each in scripts.walk_revisions()}
    assert {each for branch in told for each in branch} == read
    assert {branch[-1] for branch in told} == set(scripts.get_heads())
