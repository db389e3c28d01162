"""What a connection and its user decide about the streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """`private_employee_fields`: fields of `employees.private` that the connection lists; `vendor_tags`: names of tags that
    make a contact a vendor; `may_read` tells whether the user may read a model that Odoo has."""

    private_employee_fields: tuple[str, ...] = ()
    vendor_tags: tuple[str, ...] = ()
    may_read: Callable[[str], bool] = lambda model: True
