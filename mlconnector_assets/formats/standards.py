"""The standards of electronic data interchange that we read."""

from __future__ import annotations

import re

from mlconnector_assets.dictionaries import Dictionary
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats.edi.standard import Standard
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.standard import X12


def standards(*own: Dictionary) -> tuple[Standard, ...]:
    """All of them. A partner's `own` dictionary stands for its version of the standard whose message headers it has.
    Raises ConfigurationError where it has none of them, as one that extends nothing, or no version of that standard."""
    x12, edifact = [], []
    for dictionary in own:
        if X12.opening in dictionary.segments and re.fullmatch(r"\d{6}", dictionary.version):
            x12.append(dictionary)
        elif Edifact.opening in dictionary.segments and re.fullmatch(r"D\.?\d\d[A-Z]", dictionary.version):
            edifact.append(dictionary)
        else:
            raise ConfigurationError(
                f"a dictionary of version {dictionary.version!r} is neither of X12 nor of EDIFACT",
                mend="let it extend a dictionary of ours, such as `extends: x12_004010`; its version is one as 004010 or D.96A",
            )
    return X12(*x12), Edifact(*edifact)
