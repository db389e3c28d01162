"""The messages that other tests break are sound themselves."""

from __future__ import annotations

import pytest

from tests.formats.edi.files import MESSAGES, contents, encoded, file_of


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_is_sound(kind: str) -> None:
    found = contents(encoded(file_of(kind, 3)))
    assert found.reports == [] and found.wrong == []
    assert [batch.warned for batch in found.batches] == [()]
    assert [one for one, _ in found.sound] == [kind] * 3
