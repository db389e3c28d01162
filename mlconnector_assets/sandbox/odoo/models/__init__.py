"""The models that the stand-in serves, with the fields that hold data. A module a subject."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import accounting, analytic, parties, people, products, settlement, trade

_SUBJECTS = (accounting, analytic, parties, people, products, settlement, trade)

MODELS: dict[str, Model] = {model.name: model for subject in _SUBJECTS for model in subject.MODELS}
"""Every model that the stand-in serves, by name."""
