"""Segment dictionaries of X12 and EDIFACT: which segments a version has, what their elements hold, and in which order a message
has them. Dictionaries are data: the YAML files of this folder, and files of partners that extend them."""

from mlconnector_assets.dictionaries.models import Composite, Dictionary, Element, Kind, Message, Place, Rule, Segment, Use
from mlconnector_assets.dictionaries.reading import read_dictionary, shipped, shipped_names

__all__ = [
    "Composite",
    "Dictionary",
    "Element",
    "Kind",
    "Message",
    "Place",
    "Rule",
    "Segment",
    "Use",
    "read_dictionary",
    "shipped",
    "shipped_names",
]
