"""OpenDocument texts (.odt), read as the HTML that they closely resemble."""

import re
import zipfile
from pathlib import Path

from index.errors import UnreadableDocument
from index.loaders.blocks import Extract
from index.loaders.html import tree_blocks
from index.loaders.markup import xml_root
from index.loaders.packages import stated_title

_TAGS = {
    "text:p": "p",
    "text:list": "ul",
    "text:list-item": "li",
    "text:list-header": "li",
    "text:line-break": "br",
    "text:section": "div",
    "text:note-body": "span",
    "table:table": "table",
    "table:table-row": "tr",
    "table:table-cell": "td",
    "table:covered-table-cell": "td",
    # what was deleted, what others remarked, and what only stands at the margins of pages
    "text:tracked-changes": "template",
    "office:annotation": "template",
    "text:note-citation": "template",
    "text:table-of-content": "template",
    "text:sequence-decls": "template",
}
_NAME = re.compile(r"\{urn:oasis:names:tc:opendocument:xmlns:(\w+):[\d.]+\}(.+)")


def load(path: Path) -> Extract:
    """The text in order; headings, lists and table rows kept."""
    with zipfile.ZipFile(path) as archive:
        if "content.xml" not in archive.namelist():
            raise UnreadableDocument("damaged, or not an .odt file: it holds no content")
        manifest = "META-INF/manifest.xml"
        if manifest in archive.namelist() and b"encryption-data" in archive.read(manifest):
            raise UnreadableDocument("encrypted: it needs a password; save it without one")
        root = xml_root(archive.read("content.xml"))
        title = stated_title(archive, "meta.xml")
    for element in root.iter("*"):
        match = _NAME.fullmatch(element.tag)
        name = f"{match[1]}:{match[2]}" if match else ""
        level = element.get(element.tag.replace("}h", "}outline-level"), "1")
        if name == "text:h":
            element.tag = "h" + (level if level in "123456" else "6")
        else:
            element.tag = _TAGS.get(name, "span" if name.startswith("text:") else "div")
        if name in ("text:s", "text:tab"):
            element.text = " "
    return Extract(list(tree_blocks(root)), title)
