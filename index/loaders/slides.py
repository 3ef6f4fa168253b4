"""PowerPoint files: a page for each slide, its title a heading, its notes after it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.loaders.blocks import Block, Extract, Heading, PageStart, Paragraph, inline, strings
from index.loaders.markup import walk
from index.loaders.tables import table_blocks

if TYPE_CHECKING:
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"


def load(path: Path) -> Extract:
    """The slides in the order in which they are shown."""
    from pptx import Presentation

    with path.open("rb") as file:
        presentation = Presentation(file)
    title = presentation.core_properties.title
    return Extract([block for slide in presentation.slides for block in _blocks(slide)], title)


def _blocks(slide: "Slide") -> Iterator[Block]:
    yield PageStart()
    title = slide.shapes.title
    if title is not None:
        yield Heading(1, _lines(title._element.txBody, " ") if title.has_text_frame else "")
    for element in _outermost(slide.shapes._spTree, title._element if title is not None else None):
        if element.tag == _A + "tbl":
            rows = [
                strings(_lines(cell, " ") for cell in row.iterchildren(_A + "tc"))
                for row in element.iterchildren(_A + "tr")
            ]
            yield from table_blocks(rows)
        else:
            yield Paragraph(_lines(element, "\n"))
    for relation in slide.part.rels.values():
        if not relation.is_external and relation.reltype.endswith("/chart"):
            chart: Any = relation.target_part
            yield from _chart_blocks(chart.chart._chartSpace)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
        yield Paragraph(_lines(notes._element, "\n"))


def _outermost(tree: Any, title: Any) -> Iterator[Any]:
    """Text bodies and tables in their order, out of groups and newer kinds of shapes, too.

    The library's own list leaves out what stands in an alternative for newer programs.
    """

    def is_whole(element: Any) -> bool:
        return element.tag == _A + "tbl" or str(element.tag).endswith("}txBody")

    def is_leaf(element: Any) -> bool:
        return element is title or element.tag == _MC + "Fallback" or is_whole(element)

    for event, element in walk(tree, is_leaf):
        if event == "start" and is_whole(element):
            yield element


def _lines(body: Any, between: str) -> str:
    """The paragraphs of a text body, one a line."""
    return between.join(
        filter(
            None,
            (
                inline(
                    "".join(
                        " " if run.tag == _A + "br" else run.text or ""
                        for run in paragraph.iter(_A + "t", _A + "br")
                    )
                )
                for paragraph in body.iter(_A + "p")
            ),
        )
    )


def _chart_blocks(chart: Any) -> Iterator[Block]:
    """A chart's title, and the figures that it draws as a table.

    Read from its XML: the library knows only some kinds of charts.
    """
    series = list(chart.iter(_C + "ser"))
    categories = _points(series[0].find(_C + "cat")) if series else {}
    rows = [["", *(" ".join(_points(one.find(_C + "tx")).values()) for one in series)]]
    values = [_points(one.find(_C + "val")) for one in series]
    rows += [[name, *(v.get(i, "") for v in values)] for i, name in categories.items()]
    for title in chart.iter(_C + "title"):
        yield Paragraph(_lines(title, " "))
    yield from table_blocks(rows)


def _points(data: Any) -> dict[str, str]:
    """Cached values by their index; {} where there are none."""
    if data is None:
        return {}
    return {
        point.get("idx"): inline(point.findtext(_C + "v", "")) for point in data.iter(_C + "pt")
    }
