"""The layout language: which parts and columns a partner's file has, which expression fills each, and how values
are written. Knows records, but no network, no file system besides the shipped layouts, and no Dagster."""

from mlconnector_assets.layouts.applied import Applied, CompiledLayout, CompiledPart, PartRows
from mlconnector_assets.layouts.columns import LayoutColumn
from mlconnector_assets.layouts.compile import compile_condition, compile_layout
from mlconnector_assets.layouts.defaults import shipped_layouts
from mlconnector_assets.layouts.facts import BodyFacts, FileFacts
from mlconnector_assets.layouts.models import Layout, Part, Total
from mlconnector_assets.layouts.options import EDI_FORMATS, Delimited, FileFormat, FixedWidth, Xml

__all__ = [
    "EDI_FORMATS",
    "Applied",
    "BodyFacts",
    "CompiledLayout",
    "CompiledPart",
    "Delimited",
    "FileFacts",
    "FileFormat",
    "FixedWidth",
    "Layout",
    "LayoutColumn",
    "Part",
    "PartRows",
    "Total",
    "Xml",
    "compile_condition",
    "compile_layout",
    "shipped_layouts",
]
