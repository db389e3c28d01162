"""The layout language: which columns a partner's file has, which expression fills each, and how values are
written. Knows records, but no network, no file system besides the shipped layouts, and no Dagster."""

from mlconnector_assets.layouts.compile import Applied, CompiledLayout, compile_condition, compile_layout
from mlconnector_assets.layouts.defaults import shipped_layouts
from mlconnector_assets.layouts.models import Delimited, Layout, LayoutColumn

__all__ = [
    "Applied",
    "CompiledLayout",
    "Delimited",
    "Layout",
    "LayoutColumn",
    "compile_condition",
    "compile_layout",
    "shipped_layouts",
]
