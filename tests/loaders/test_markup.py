"""Markdown, MDX and HTML."""

from pathlib import Path

import pytest

from index.records import Section
from tests.loaders.test_load import read
from tests.loaders.test_text import write

MARKDOWN = """\
---
title: "The tram"
tags: [x]
---
Before any *heading*, two
lines [linked](http://example.org).

# Lines

1. one
2. two
   - *nested*

   more
- `code` ![a picture](x.png)

## Stops <!-- not this -->

| Stop   | Zone |
|--------|------|
| Harbor | **A** |

```python
if x:
    # no heading
```

<details><summary>More</summary>Hidden <b>text</b></details>

# Fares #
> Quoted \\*text\\*.
"""


def test_markdown_becomes_plain_text_with_its_headings_as_sections(tmp_path: Path) -> None:
    document = read(write(tmp_path, "a.md", MARKDOWN.replace("\n", "\r\n")))
    assert document.title == "The tram"
    assert document.text == (
        "Before any heading, two lines linked.\n\n"
        "Lines\n\n1. one\n2. two\n  - nested\nmore\n\n- code a picture\n\n"
        "Stops\n\nStop: Harbor; Zone: A\n\nif x:\n    # no heading\n\nMore\n\nHidden text\n\n"
        "Fares\n\nQuoted *text*."
    )
    assert [section.heading for section in document.sections] == [
        (),
        ("Lines",),
        ("Lines", "Stops"),
        ("Fares",),
    ]
    for section in document.sections[1:]:
        assert document.text[section.start :].startswith(section.heading[-1] + "\n")


def test_the_first_heading_titles_markdown_without_a_title(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.md", "text\n\nTop\n===\n\n# Next")).title == "Top"
    assert read(write(tmp_path, "b.md", "text")).title == "b"


MDX = """\
import { Tabs } from '@x/tabs'

export const a = {
  b: 1,
}

{/* a comment */}
<Tabs items={["a"]}>
    <Tab title="On Linux" icon='x'>
        Run `pip <NAME>` **now**.
    </Tab>
</Tabs>

```js
import kept from 'code'
```
"""


def test_components_go_and_their_text_and_titles_stay(tmp_path: Path) -> None:
    document = read(write(tmp_path, "a.mdx", MDX))
    assert document.text == "On Linux\n\nRun pip <NAME> now.\n\nimport kept from 'code'"


def test_an_open_comment_takes_linear_time(tmp_path: Path) -> None:
    text = "{/*" * 50_000
    assert read(write(tmp_path, "a.mdx", text)).text.count("{/") == 50_000


SENTENCE = "The harbor is served by a tram that runs every ten minutes on weekdays. "
ARTICLE = f"""<html><head><title>Trams | The Daily</title><style>p {{}}</style></head><body>
<nav><ul><li><a href=/>Home</a></li><li><a href=/s>Sports of today</a></li></ul></nav>
<article><h1>Trams</h1><p>{SENTENCE * 6}</p><h2>Fares</h2><p>{SENTENCE * 6}</p>
<table><tr><th>Zone</th><th>Fare</th></tr><tr><td>A</td><td>2</td></tr></table></article>
<footer><a href=/i>Imprint of the paper</a></footer></body></html>"""


def test_the_article_is_kept_and_the_navigation_is_not(tmp_path: Path) -> None:
    document = read(write(tmp_path, "a.html", ARTICLE))
    body = (SENTENCE * 6).strip()
    assert document.text == f"Trams\n\n{body}\n\nFares\n\n{body}\n\nZone: A; Fare: 2"
    assert document.title == "Trams | The Daily"
    assert document.sections == (
        Section(0, ("Trams",)),
        Section(document.text.index("Fares"), ("Trams", "Fares")),
    )


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One<p>two <b>th</b>ree<br>four", "One\n\ntwo three\nfour"),
        ("<ol><li>a<ul><li>b<li>c</ul><li>d</ol>e", "1. a\n  - b\n  - c\n2. d\n\ne"),
        ("a<div hidden>b</div><p style='display: none'>c</p><script>d</script>e", "a\n\ne"),
        ("<pre>a\n  b</pre>c &amp; d", "a\n  b\n\nc & d"),
        ("<table><tr><td>Name<td>Ann<tr><td>Age<td>5</table>", "Name: Ann\nAge: 5"),
        (
            "<table><tr><th>Y<th>M<th>N<tr><td rowspan=2>2025<td>Jan<td>1<tr><td>Feb<td>2</table>",
            "Y: 2025; M: Jan; N: 1\nY: 2025; M: Feb; N: 2",
        ),
        (
            "<table><tr><td>x<td colspan=99999><tr><td><table><tr><td>in</table></table>",
            "x\n\nin",
        ),
    ],
)
def test_a_page_without_links_is_kept_whole(tmp_path: Path, page: str, text: str) -> None:
    assert read(write(tmp_path, "a.html", page)).text == text


def test_a_page_states_its_encoding(tmp_path: Path) -> None:
    page = '<meta charset="windows-1254"><p>yağız şoför'.encode("cp1254")
    assert read(write(tmp_path, "a.htm", page)).text == "yağız şoför"
