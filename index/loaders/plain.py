"""Plain text, and the decoding of text in an unknown encoding."""

import codecs
import re
from pathlib import Path

from index.errors import UnreadableDocument
from index.loaders.blocks import Extract, Paragraph, clean

_BOMS = {
    # UTF-32 first: its little-endian mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Of some hundred encodings those in wide use; the others win by accident on short texts.
_WESTERN = "cp1252"
_COMMON = [
    *(_WESTERN, "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255"),
    *("cp1256", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
_WIDE = ["utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be"]
# The detector cannot tell cp1252 from its neighbours by itself. It stands only where enough
# letters speak, none of them as Turkish or Polish would look in it, and where the text is in
# no language that is written in the neighbours.
_ELSEWHERE = frozenset(
    {"Croatian", "Czech", "Hungarian", "Polish", "Romanian", "Slovak", "Slovene", "Turkish"}
    | {"Unknown"}
)
_MISREAD = re.compile(r"[ðþýÐÞÝ]|[a-z][¹³¿¥£]|[¹³¿¥£][a-z]")
_FEWEST = 5
_STRANGE, _WORSE, _TIE = 10, 5, 10  # percent of mess, of mess more than the best, of coherence
_UNKNOWN = "its encoding could not be determined; save it as UTF-8"


def load(path: Path) -> Extract:
    """The text as it stands, one section; titled by a short first line set off as a title is."""
    text = clean(decode(path.read_bytes()))
    lines = text.split("\n", 2)
    first = lines[0].strip()
    alone = len(lines) > 1 and not lines[1].strip()
    is_title = len(first) <= 120 and (alone or not first.endswith((".", "!", "?", ",", ";")))
    return Extract([Paragraph(text)], first if is_title else "")


def decode(raw: bytes, declared: str | None = None) -> str:
    """Bytes → text: by byte order mark, as UTF-8, as `declared`, else as detected with confidence.

    Raises:
        UnreadableDocument: binary, or of an encoding that cannot be told.
    """
    for bom, encoding in _BOMS.items():
        if raw.startswith(bom):
            return _strictly(raw, encoding)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and text.count("\0") <= len(text) // 1000:
        return text
    if declared:
        try:
            return raw.decode(declared)
        except (UnicodeDecodeError, LookupError):
            pass  # the declaration is wrong: the bytes have to tell
    return _detected(raw) if raw else ""


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"it says that it is {encoding.upper()}, and is not; save it as UTF-8"
        ) from error


def _detected(raw: bytes) -> str:
    from charset_normalizer import from_bytes, is_binary

    if b"\0" in raw and is_binary(raw):
        raise UnreadableDocument("binary: not a text file")
    matches = from_bytes(raw, cp_isolation=_WIDE if b"\0" in raw else _COMMON)
    best = matches.best()
    if best is None or best.percent_chaos > _STRANGE:
        raise UnreadableDocument(_UNKNOWN)
    alike = [
        match
        for match in matches
        if match.percent_chaos <= best.percent_chaos + _WORSE
        and match.percent_coherence >= best.percent_coherence - _TIE
    ]
    texts = {str(match) for match in alike}
    if len(texts) == 1:
        return texts.pop()
    western = next((str(match) for match in alike if _WESTERN in match.could_be_from_charset), "")
    doubtful = _MISREAD.search(western) or any(match.language in _ELSEWHERE for match in alike)
    if doubtful or sum(not character.isascii() for character in western) < _FEWEST:
        raise UnreadableDocument(_UNKNOWN)
    return western
