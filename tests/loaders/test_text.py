"""Plain text, encodings, tables and mail."""

from pathlib import Path

import pytest

from index.errors import UnreadableDocument
from index.records import Section
from tests.loaders.test_load import read


def write(tmp_path: Path, name: str, content: bytes | str) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_plain_text_stays_as_it_is_but_for_line_ends_and_normal_form(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf\r\nThe cafe\xcc\x81\r\n\r\nhas  a\rterrace.\x07\xc2\xa0Yes. \r\n\r\n"
    document = read(write(tmp_path, "a.txt", raw))
    assert document.text == "The caf\u00e9\n\nhas  a\nterrace. Yes."
    assert document.sections == (Section(0, ()),)
    assert document.pages == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Notes on bees\n\nThey sleep.", "Notes on bees"),
        ("Notes on bees\nThey sleep.", "Notes on bees"),
        ("A first sentence ends here.\nAnd on it goes.", "my file"),
        ("x" * 121 + "\n\ny", "my file"),
        ("one line alone", "one line alone"),
    ],
)
def test_a_short_first_line_titles_plain_text(tmp_path: Path, text: str, title: str) -> None:
    assert read(write(tmp_path, "my file.txt", text)).title == title


GERMAN = "Die schöne Straße führt über Köln. Äpfel und Öl gibt es für fünf Euro."
FRENCH = "L'été était très chaud cette année. J'ai acheté un café, où êtes-vous allés ?"
POLISH = "Zażółć gęślą jaźń. Chłopiec poszedł do szkoły, gdzie spotkał swoją przyjaciółkę."
RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю. Сегодня хорошая погода."
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
JAPANESE += "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-32"),
        (FRENCH, "utf-8-sig"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
    ],
)
def test_an_encoding_is_recognised(tmp_path: Path, text: str, encoding: str) -> None:
    assert read(write(tmp_path, "a.txt", text.encode(encoding))).text == text


UNKNOWN = "^its encoding could not be determined; save it as UTF-8$"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("Pijamalı hasta yağız şoföre çabucak güvendi.".encode("cp1254"), UNKNOWN),
        ("Ivan Horvatić živi u Zagrebu i voli čokoladu.".encode("cp1250"), UNKNOWN),
        ("Perché la città è così bella? Più tardi andrò là.".encode("cp1252"), UNKNOWN),
        ("Mówił że ją zna.".encode("iso8859-2"), UNKNOWN),
        (b"\xff\xfea\x00b", "^it says that it is UTF-16, and is not; save it as UTF-8$"),
        (b"\xef\xbb\xbfcaf\xe9", "^it says that it is UTF-8-SIG, and is not"),
    ],
)
def test_an_encoding_is_not_guessed(tmp_path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        read(write(tmp_path, "a.txt", raw))


def test_a_row_keeps_the_names_of_its_columns(tmp_path: Path) -> None:
    rows = 'Team,Location,Cups\nBlues,STL,1\n"Maple ""Leafs""",,"13\n14"\n'
    document = read(write(tmp_path, "cups.csv", rows))
    assert document.text == (
        'Team: Blues; Location: STL; Cups: 1\nTeam: Maple "Leafs"; Cups: 13 14'
    )
    assert document.title == "cups"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_parts_all_rows(tmp_path: Path, delimiter: str) -> None:
    rows = "\n".join(delimiter.join(row) for row in (["a", "b"], ["x y", "z"], ["u", "v"]))
    assert read(write(tmp_path, "a.csv", rows)).text == "a: x y; b: z\na: u; b: v"


def test_a_lone_cell_above_a_table_is_its_heading(tmp_path: Path) -> None:
    rows = "Costs,\nitem,sum\ntram,3\n,\nIncome,\nitem,sum\nfares,2\n"
    document = read(write(tmp_path, "a.csv", rows))
    assert document.text == "Costs\n\nitem: tram; sum: 3\n\nIncome\n\nitem: fares; sum: 2"
    assert document.sections == (Section(0, ("Costs",)), Section(27, ("Income",)))


def test_numbers_name_no_columns_but_years_do(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.csv", "1,2\n3,4\n")).text == "1; 2\n3; 4"
    assert read(write(tmp_path, "b.csv", ",2024\ntram,4\n")).text == "tram; 2024: 4"


def test_a_cell_of_a_megabyte_is_kept_whole(tmp_path: Path) -> None:
    document = read(write(tmp_path, "a.tsv", "a\tb\n1\t" + "x" * 1_000_000))
    assert document.text == "a: 1; b: " + "x" * 1_000_000


MAIL = """\
From: =?utf-8?q?Zo=C3=AB?= <zoe@example.org>
To: ann@example.org
Subject: =?iso-8859-1?q?Caf=E9?= at noon
Date: Mon, 2 Nov 2026 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

At the caf=E9.

See you.
--inner
Content-Type: text/html

<p>not this</p>
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename="menu.pdf"

x
--outer--
"""


def test_a_message_is_its_headers_its_body_and_the_names_of_what_is_attached(
    tmp_path: Path,
) -> None:
    document = read(write(tmp_path, "a.eml", MAIL))
    assert document.title == "Café at noon"
    assert document.text == (
        "From: Zoë <zoe@example.org>\nTo: ann@example.org\n"
        "Date: Mon, 02 Nov 2026 10:00:00 +0100\n\n"
        "At the café.\n\nSee you.\n\nAttachments: menu.pdf"
    )


def test_a_message_in_html_alone_is_read_from_it(tmp_path: Path) -> None:
    raw = "Subject: x y\nContent-Type: text/html\n\n<div>One<br>two</div><script>3</script>"
    assert read(write(tmp_path, "a.eml", raw)).text == "One\ntwo"


def test_bytes_where_no_header_allows_them_are_decoded_all_the_same(tmp_path: Path) -> None:
    raw = b"Subject: a caf\xe9 in K\xf6ln\nContent-Type: text/plain; charset=nonsense\n\n"
    document = read(write(tmp_path, "a.eml", raw + b"Die sch\xf6ne Stra\xdfe"))
    assert document.title == "a café in Köln"
    assert document.text == "Die schöne Straße"
