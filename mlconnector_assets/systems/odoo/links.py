"""Where a person sees a record in Odoo's own pages."""

from __future__ import annotations

import re

from mlconnector_assets.systems.odoo.choices import Choices
from mlconnector_assets.systems.odoo.streams import RECORDS, stream_of


def record_link(url: str, record: str, source_id: str) -> str | None:
    """The address of a record's form; None for one that has no form of its own.

    The form with a hash works in every version; from 18 on Odoo's router turns it into a path of its own
    (addons/web/static/src/core/browser/router.js, "url-retrocompatibility").
    """
    number = re.match(r"\d+", source_id)
    if record not in RECORDS or not number:
        return None
    return f"{url.rstrip('/')}/web#id={number[0]}&model={stream_of(record, Choices()).model}&view_type=form"
