"""Word, PowerPoint, Excel, OpenDocument, RTF and EPUB."""

from pathlib import Path

from index.records import Section
from tests.loaders import makers
from tests.loaders.makers import docx_paragraph, docx_table
from tests.loaders.test_load import read
from tests.loaders.test_text import write


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_word_keeps_headings_paragraphs_and_rows(tmp_path: Path) -> None:
    body = (
        docx_paragraph("Trams", "Heading1")
        + docx_paragraph("They run.")
        + docx_table([["Line", "From", "To"], ["1", "depot", "harbor"]])
    )
    document = read(makers.docx(tmp_path / "a.docx", body, title="The network"))
    assert document.text == "Trams\n\nThey run.\n\nLine: 1; From: depot; To: harbor"
    assert document.title == "The network"
    assert document.sections == (Section(0, ("Trams",)),)


def test_word_loses_nothing_inside_a_paragraph(tmp_path: Path) -> None:
    body = (
        f"<w:p>{run('Name:')}<w:r><w:tab/></w:r>{run('Ann ')}"
        f'<w:ins w:id="1" w:author="x">{run("was ")}</w:ins>'
        '<w:del w:id="2" w:author="x"><w:r><w:delText>is </w:delText></w:r></w:del>'
        f'<w:fldSimple w:instr="DATE">{run("here ")}</w:fldSimple>'
        f"<m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath>{run(' today')}</w:p>"
    )
    assert read(makers.docx(tmp_path / "a.docx", body)).text == "Name: Ann was here x=1 today"


def test_a_title_that_only_a_program_wrote_is_none(tmp_path: Path) -> None:
    for title in ("Microsoft Word - draft.doc", "Untitled", "PowerPoint Presentation", "a.docx"):
        document = read(makers.docx(tmp_path / "plan.docx", docx_paragraph("x"), title=title))
        assert document.title == "plan"


def test_each_slide_is_a_page(tmp_path: Path) -> None:
    path = makers.pptx(
        tmp_path / "a.pptx", [["Trams", "one\ntwo", "three"], [""], ["Bees", "four"]]
    )
    document = read(path)
    assert document.text == "Trams\n\none\ntwo\n\nthree\n\nBees\n\nfour"
    assert [document.text[start:][:4] for start in document.pages] == ["Tram", "Bees", "Bees"]
    assert [section.heading for section in document.sections] == [("Trams",), ("Bees",)]


def test_a_sheet_is_a_section_of_rows(tmp_path: Path) -> None:
    sheets: dict[str, list[list[str | float]]] = {
        "Cups": [["Cups"], ["Team", "Wins"], ["Blues", 1], ["Flyers", 2.5]],
        "Empty": [],
        "Staff": [["Name", "Role"], ["Ann", ""]],
    }
    document = read(makers.xlsx(tmp_path / "a.xlsx", sheets))
    assert document.text == (
        "Cups\n\nTeam: Blues; Wins: 1\nTeam: Flyers; Wins: 2.5\n\nStaff\n\nName: Ann"
    )
    assert [section.heading for section in document.sections] == [("Cups",), ("Staff",)]


def test_the_only_sheet_goes_without_its_default_name(tmp_path: Path) -> None:
    path = makers.xlsx(tmp_path / "cups.xlsx", {"Sheet1": [["Team", "Wins"], ["Blues", 1]]})
    assert read(path).text == "Team: Blues; Wins: 1"


def test_open_document_keeps_nested_text_and_drops_what_was_deleted(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">Trams</text:h>'
        "<text:p>They<text:s/><text:span>r<text:span>u</text:span>n</text:span>"
        "<text:tab/>often<text:line-break/>here.</text:p>"
        "<text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Line</text:p></table:table-cell>"
        "<table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table>"
    )
    document = read(makers.odt(tmp_path / "a.odt", body, title="The network"))
    assert document.text == "Trams\n\nThey run often\nhere.\n\n- one\n\nLine: 1"
    assert document.title == "The network"
    assert document.sections == (Section(0, ("Trams",)),)


def test_rich_text_is_read(tmp_path: Path) -> None:
    raw = (
        r"{\rtf1\ansi\ansicpg1252{\info{\title The caf\'e9}}Two \b bold\b0  words \u8364? 5.\par"
        r" Next.\par\trowd Line\cell From\cell To\cell\row\trowd a\cell b\cell c\cell\row}"
    )
    document = read(write(tmp_path, "a.rtf", raw))
    assert document.text == "Two bold words € 5.\n\nNext.\n\nLine: a; From: b; To: c"
    assert document.title == "The café"


def test_a_book_is_its_chapters_in_order(tmp_path: Path) -> None:
    chapters = ["<h1>One</h1><p>First\ntext.</p>", "<h1>Two</h1><p>Last.</p>"]
    document = read(makers.epub(tmp_path / "a.epub", chapters, title="Winter sports"))
    assert document.text == "One\n\nFirst text.\n\nTwo\n\nLast."
    assert document.title == "Winter sports"
    assert document.sections == (Section(0, ("One",)), Section(18, ("Two",)))
