"""The standards of electronic data interchange that we read."""

from __future__ import annotations

from mlconnector_assets.dictionaries import Dictionary
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats.edi.standard import Standard
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.standard import X12


def standards(*own: Dictionary) -> tuple[Standard, ...]:
    """All of them. A partner's `own` dictionary stands for its version of the standard whose message headers it has.
    Raises ConfigurationError where it has none of them, as one that extends nothing."""
    x12 = [dictionary for dictionary in own if X12.opening in dictionary.segments]
    edifact = [dictionary for dictionary in own if Edifact.opening in dictionary.segments]
    for dictionary in own:
        if dictionary not in x12 and dictionary not in edifact:
            raise ConfigurationError(
                f"the dictionary of version {dictionary.version!r} has neither a segment ST nor UNH",
                mend="let it extend a dictionary of ours, such as `extends: x12_004010`",
            )
    return X12(*x12), Edifact(*edifact)
