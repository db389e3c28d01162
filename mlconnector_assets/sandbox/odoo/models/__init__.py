"""The models that the stand-in serves, with the fields that hold data. A module a subject."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import accounting, analytic, parties, products

MODELS: dict[str, Model] = {model.name: model for module in (accounting, analytic, parties, products) for model in module.MODELS}
"""Every model that the stand-in serves, by name."""
