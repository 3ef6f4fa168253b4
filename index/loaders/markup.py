"""Parsing of HTML and XML: the only file that imports lxml."""

from collections.abc import Callable, Iterator
from typing import Any

from index.errors import UnreadableDocument


def html_root(text: str) -> Any:
    """The root element of a page or a piece of one, None where it holds nothing.

    Raises:
        UnreadableDocument: it is nested more deeply than the parser goes, some 2,000 levels.
    """
    from lxml import etree

    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    # libxml2 ends a page at a NUL
    raw = text.replace("\0", "").encode("utf-8", "ignore")
    root = etree.fromstring(raw, parser) if raw.strip() else None
    if any("depth" in error.message for error in parser.error_log):
        raise UnreadableDocument("nested too deeply to be read")
    return root


def xml_root(raw: bytes) -> Any:
    """The root element of an XML file, without the entities that it declares.

    Raises:
        SyntaxError: it isn't well-formed.
    """
    from lxml import etree

    root = etree.fromstring(raw, etree.XMLParser(no_network=True, resolve_entities=False))
    etree.strip_elements(root, etree.Entity, with_tail=False)
    return root


def walk(root: Any, is_leaf: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """("start", element) and ("end", element) in document order, without recursion.

    What stands inside an element of which `is_leaf` is true is passed over.
    """
    from lxml import etree

    events: Any = etree.iterwalk(root, events=("start", "end"))
    for event, element in events:
        if event == "start" and is_leaf(element):
            events.skip_subtree()
        yield event, element
