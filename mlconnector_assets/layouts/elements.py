"""Paths of XML elements and attributes, and the tree that the columns of a part make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlconnector_assets.layouts.options import Xml, xml_name


@dataclass
class Element:
    """An element of a part: `text` and the values of `attributes` are indexes of columns; `children` stand in the
    order in which their columns are first mentioned."""

    name: str
    text: int | None = None
    attributes: dict[str, int] = field(default_factory=dict)
    children: dict[str, Element] = field(default_factory=dict)


def path_problem(path: str, options: Xml, *, attribute: bool = True) -> str:
    """What is wrong with a path such as `Address/City` or `Net/@currency`; else ""."""
    *elements, last = path.split("/")
    if last.startswith("@") and not attribute:
        return f"{path!r} is an attribute; name an element"
    for name in (*elements, last.removeprefix("@")):
        try:
            xml_name(name)
        except ValueError as error:
            return f"{name!r} {error}"
        prefix, colon, _ = name.partition(":")
        if colon and prefix not in options.namespaces:
            return f"the prefix of {name!r} is not among `xml: namespaces:`; add its URI: {{{prefix}: urn:…}}"
        if name.encode(options.encoding, errors="ignore").decode(options.encoding) != name:
            return f"{name!r} has characters that {options.encoding} does not have; a name cannot hold references"
    return ""


def tree_of(paths: Iterable[str]) -> Element:
    """The tree of paths that `element_tree` found nothing wrong with."""
    tree = element_tree(paths)
    assert isinstance(tree, Element)
    return tree


def element_tree(paths: Iterable[str]) -> Element | tuple[int, str]:
    """The nameless element that holds everything the paths name; or the index of a path that fits no tree, and why."""
    root = Element("")
    for index, path in enumerate(paths):
        *steps, last = path.split("/")
        element = root
        for name in steps if last.startswith("@") else (*steps, last):
            if element.text is not None:
                return index, f"`{element.name}` has a text of its own, and can have no elements beside it"
            element = element.children.setdefault(name, Element(name))
        if last.startswith("@"):
            if last[1:] in element.attributes:
                return index, f"the attribute `{path}` stands twice"
            element.attributes[last[1:]] = index
        elif element.text is not None:
            return index, f"`{path}` stands twice"
        elif element.children:
            return index, f"`{path}` has elements inside, and can have no text beside them"
        else:
            element.text = index
    return root
