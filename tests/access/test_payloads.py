"""Text is only ever text: what documents, names and questions hold runs nowhere."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from werkzeug.test import TestResponse

from index.build import build
from qa.access import Access
from qa.answerer import Answerer
from qa.app import create_app
from qa.tokens import Tokens
from tests.conftest import WORDS, write_files
from tests.fakes import CountingEmbedder, ListedReader
from tests.test_browser import browser, opened, pytestmark, served, url_of  # noqa: F401 - fixtures

RUN = "window.harmed=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}><p id=harm>",
    f'"><script>{RUN}</script>',
    f"' autofocus onfocus={RUN} x='",
    f'" onmouseover="{RUN}" x="',
    f"</mark></title></style></textarea><script>{RUN}</script>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f'<a href="javascript:{RUN}" id=harm>tram</a>',
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    "<link rel=stylesheet href=http://192.0.2.1/x.css><img src=//192.0.2.1/x.png>",
    "<base href=http://192.0.2.1/><form action=http://192.0.2.1/><input id=harm>",
    f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;script&#62;{RUN}&#60;/script&#62;",
    "{{ 7*7 }} {% raw %} ${7*7} {{ config }} #{7*7}",
    f"\u2028<script>{RUN}</script>\u2029\ufeff<script>{RUN}</script>",
    f"<scr\u200bipt>{RUN}</scr\u200bipt><ſcript>{RUN}</ſcript>",
    f"<!--><script>{RUN}</script>--><![CDATA[<script>{RUN}</script>]]>",
]
ELEMENTS = "script:not([src]), iframe, object, embed, base, meta[http-equiv], [onerror], [onload], "
HARM = ELEMENTS + "[onfocus], [onmouseover], a[href^=javascript], #harm, form[action^=http]"


def name(number: int, payload: str) -> str:
    """A file's name with as much of the payload as a name takes."""
    return f"{number} {payload.replace('/', '∕')[:80]}.txt"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    """Each payload as name, title, heading and text of a document about trams."""
    folder = tmp_path_factory.mktemp("payloads")
    files = {
        name(n, payload): f"{payload} tram\n\nThe tram {n} says {payload} to the harbor."
        for n, payload in enumerate(PAYLOADS)
    }
    files |= {
        f"{n}.md": f"# `{payload}`\n\n## `{payload}` tram\n\nA tram depot `{payload}`."
        for n, payload in enumerate(PAYLOADS)
    }
    embedder = CountingEmbedder(WORDS)
    report = build(write_files(folder / "documents", files), folder / "index", embedder)
    assert report.unreadable == ()
    reader = ListedReader(dict.fromkeys(PAYLOADS, 3.0))
    return Answerer.open(folder / "index", embedder, reader)


@pytest.fixture(scope="module")
def hostile_site(hostile: Answerer) -> Iterator[str]:
    with served(lambda: hostile) as server:
        yield url_of(server)


def assert_unharmed(page: Page) -> None:
    assert page.evaluate("window.harmed") is None
    assert page.locator(HARM).count() == 0


@pytest.mark.parametrize("bypass", [False, True], ids=["as served", "without the policy"])
def test_no_text_runs_or_loads_anything(
    browser: Browser,  # noqa: F811
    hostile_site: str,
    hostile: Answerer,
    bypass: bool,
) -> None:
    """Escaping alone must do, so all is tried in a browser that is told to ignore the policy."""
    few = None if bypass else 3
    with opened(browser, hostile_site, bypass_csp=bypass) as page:
        for payload in PAYLOADS[:few]:
            page.goto(f"/?q={quote(f'tram {payload}'.strip())}")
            assert_unharmed(page)
            page.fill("input[type=search]", f"{payload} harbor tram")
            page.press("input[type=search]", "Enter")
            page.wait_for_load_state("networkidle")
            assert_unharmed(page)
        for hit in hostile.ask("tram depot harbor", 34, answer=False).hits[:few]:
            p = hit.passage
            page.goto(f"/documents/{quote(p.document_id)}?start={p.start}&end={p.end}")
            assert_unharmed(page)
            assert page.locator("mark").count() >= 1


def test_an_error_repeats_nothing_that_runs(
    browser: Browser,  # noqa: F811
    hostile_site: str,
) -> None:
    context = browser.new_context(base_url=hostile_site, bypass_csp=True)
    page = context.new_page()
    for payload in PAYLOADS:
        for address in (f"/documents/{quote(payload)}", f"/{quote(payload)}", f"/?q=%07{payload}"):
            page.goto(address)
            assert_unharmed(page)
    context.close()


@pytest.mark.parametrize("tokens", [None, Tokens.of({"ada": "secret"})])
def test_every_answer_forbids_what_no_page_needs(answerer: Answerer, tokens: Tokens | None) -> None:
    app = create_app(lambda: answerer, Access(tokens, hosts=("localhost",)))
    for reply in every_reply(app, app.test_client()):
        policy = reply.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
        assert "script-src 'self'" in policy
        assert "unsafe" not in " ".join(policy)
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"


def every_reply(app: Flask, client: FlaskClient) -> Iterator[TestResponse]:
    """Of every route by every method, of one that is none, and of a host that is another's."""
    paths = {str(rule) for rule in app.url_map.iter_rules()} | {"/nothing"}
    for path in paths:
        path = path.replace("<path:document_id>", "tram.txt").replace("<path:filename>", "x")
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
            yield client.open(path, method=method)
            yield client.open(path, method=method, headers={"Host": "elsewhere.example"})
            yield client.open(path, method=method, headers={"Accept": "text/html"})
