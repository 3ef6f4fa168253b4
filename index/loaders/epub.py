"""EPUB: the chapters of a book in the order of its spine, each an HTML page."""

import posixpath
import zipfile
from pathlib import Path
from urllib.parse import unquote

from index.errors import UnreadableDocument
from index.loaders.blocks import Block, Extract
from index.loaders.html import body_blocks
from index.loaders.markup import xml_root
from index.loaders.plain import decode

_CONTAINER = "META-INF/container.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html"})


def load(path: Path) -> Extract:
    """The book as one text; its headings are those of its chapters."""
    with zipfile.ZipFile(path) as archive:
        names = frozenset(archive.namelist())
        if "META-INF/encryption.xml" in names and "META-INF/rights.xml" in names:
            raise UnreadableDocument("encrypted: it is protected by its seller")
        if _CONTAINER not in names:
            raise UnreadableDocument("damaged: not an EPUB, it has no container")
        container = xml_root(archive.read(_CONTAINER))
        package_name = next(container.iter("{*}rootfile")).get("full-path")
        package = xml_root(archive.read(package_name))
        folder = posixpath.dirname(package_name)
        pages = {
            item.get("id"): posixpath.normpath(
                posixpath.join(folder, unquote(item.get("href", "")))
            )
            for item in package.iter("{*}item")
            if item.get("media-type") in _PAGES and item.get("properties") != "nav"
        }
        blocks: list[Block] = []
        for reference in package.iter("{*}itemref"):
            page = pages.get(reference.get("idref"))
            if page in names:
                blocks += body_blocks(decode(archive.read(page)))
    title = next(package.iter("{http://purl.org/dc/elements/1.1/}title"), None)
    return Extract(blocks, "" if title is None else "".join(title.itertext()))
