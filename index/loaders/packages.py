"""What office files have in common: zip archives that state their properties in XML."""

import zipfile

from index.loaders.markup import xml_root

CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def stated_title(archive: zipfile.ZipFile, member: str) -> str:
    """The title that the file's properties state, "" where they state none."""
    if member not in archive.namelist():
        return ""
    try:
        found = next(xml_root(archive.read(member)).iter(_TITLE), None)
    except SyntaxError:
        return ""  # a document is readable without its properties
    return "" if found is None else "".join(found.itertext())
