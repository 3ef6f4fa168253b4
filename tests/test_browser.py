"""The pages in a real browser. Skipped where no Chromium is installed."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    Page,
    Request,
    expect,
    sync_playwright,
)

from qa.answerer import Answerer
from qa.app import create_app
from qa.server import Server, listen
from tests.fakes import CountingEmbedder, ListedReader

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

ANSWER = "The academy leads the center."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@contextmanager
def served(current: Callable[[], Answerer], threads: int = 1) -> Iterator[Server]:
    server = Server(create_app(current), listen("127.0.0.1", 0), grace=1, threads=threads)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=30)
        assert not thread.is_alive()


@pytest.fixture
def site(answerer: Answerer) -> Iterator[str]:
    with served(lambda: answerer) as server:
        yield url_of(server)


class Watched:
    """What a page did that no page of ours may do."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.misdeeds: list[str] = []
        self.origin = origin
        context.on("console", lambda m: self.misdeeds.append(m.text) if m.type == "error" else None)
        context.on("weberror", lambda e: self.misdeeds.append(str(e.error)))
        context.on("dialog", self._asked)
        context.on("request", self._requested)

    def _asked(self, dialog: Dialog) -> None:
        self.misdeeds.append(dialog.message)
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(self.origin + "/"):
            self.misdeeds.append(request.url)


@contextmanager
def opened(browser: Browser, origin: str, **options: object) -> Iterator[Page]:
    """A page in a context of its own, in which nothing may go wrong."""
    context = browser.new_context(base_url=origin, **options)  # type: ignore[arg-type]
    watched = Watched(context, origin)
    try:
        yield context.new_page()
        assert watched.misdeeds == []
    finally:
        context.close()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with opened(browser, site) as page:
        yield page


def in_view(page: Page, selector: str) -> bool:
    """Whether the element begins in what can be seen."""
    return bool(
        page.locator(selector).first.evaluate(
            "e => { const r = e.getBoundingClientRect();"
            " return r.top >= 0 && r.top < innerHeight / 2; }"
        )
    )


def test_a_typed_question_is_answered_in_place(page: Page) -> None:
    page.goto("/")
    page.evaluate("window.here = true")
    page.get_by_label("Ask your documents").fill("who leads the center?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("mark").first).to_have_text(ANSWER)
    expect(page.locator("article").first).to_contain_text("The new center")
    expect(page.locator("article").first).to_contain_text("center.md")
    expect(page.get_by_role("status")).to_have_text("4 passages")
    expect(page).to_have_url("/?q=who+leads+the+center%3F")
    expect(page).to_have_title("who leads the center? · Citewell")
    assert page.evaluate("window.here") is True  # no reload


def test_an_example_is_asked_by_a_click(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="who leads the center?").click()
    expect(page.locator("mark").first).to_have_text(ANSWER)
    expect(page.get_by_label("Ask your documents")).to_have_value("who leads the center?")


def test_a_link_leads_to_the_marked_passage(page: Page) -> None:
    page.goto("/?q=who+leads+the+center%3F")
    page.get_by_role("link", name="The new center").first.click()
    expect(page.locator("mark").first).to_be_visible()
    marked = "".join(page.locator("mark").all_text_contents())
    assert marked == f"Leadership\n\n{ANSWER} Its budget is not known yet."
    assert in_view(page, "#passage")
    expect(page.locator("#passage")).to_be_focused()
    page.get_by_role("link", name="← who leads the center?").click()
    expect(page.locator("mark").first).to_have_text(ANSWER)


def answering(index: Path, embedder: CountingEmbedder, score: float) -> Answerer:
    """Says "The academy", at that score."""
    return Answerer.open(index, embedder, ListedReader({"The academy": score}), threshold=0.5)


def test_the_answer_stands_above_the_passages_and_is_announced(
    browser: Browser, index: Path, embedder: CountingEmbedder
) -> None:
    own = answering(index, embedder, 9.0)
    with served(lambda: own) as server, opened(browser, url_of(server)) as page:
        page.goto("/")
        page.get_by_role("link", name="who leads the center?").click()
        answer = page.get_by_role("region", name="Answer")
        expect(answer).to_contain_text("The academy")
        expect(answer).to_contain_text("almost certainly right")
        expect(page.get_by_role("status")).to_have_text("The academy; 4 passages")
        expect(page.locator(".found mark").first).to_have_text("The academy")
        answer.get_by_role("link").click()
        expect(page.locator("#passage")).to_have_text("The academy")
        assert in_view(page, "#passage")


def test_no_answer_is_said_and_announced(
    browser: Browser, index: Path, embedder: CountingEmbedder
) -> None:
    own = answering(index, embedder, -9.0)
    with served(lambda: own) as server, opened(browser, url_of(server)) as page:
        page.goto("/")
        page.get_by_role("link", name="who leads the center?").click()
        expect(page.get_by_role("region", name="Answer")).to_have_text(
            "No answer in your documents; closest passages:"
        )
        expect(page.get_by_role("status")).to_have_text("no answer; 4 passages")
        expect(page.locator(".found mark").first).to_have_text(ANSWER)


def test_the_marked_passage_of_a_long_document_is_scrolled_to(
    browser: Browser, make_answerer: Callable[[dict[str, str]], Answerer]
) -> None:
    filler = "Nothing is said of it here.\n\n"
    own = make_answerer({"long.txt": filler * 400 + "The depot is far.\n\n" + filler * 400})
    with served(lambda: own) as server, opened(browser, url_of(server)) as page:
        page.goto("/?q=depot")
        page.locator("h2 a").first.click()
        expect(page.locator("mark", has_text="The depot is far.")).to_be_attached()
        assert in_view(page, "#passage")


def test_an_address_with_a_question_is_answered_directly(page: Page) -> None:
    page.goto("/?q=honey+bees")
    expect(page.locator("article").first).to_contain_text("The bees gave 40 kg of honey.")
    expect(page.get_by_label("Ask your documents")).to_have_value("honey bees")


def test_the_ranking_is_switched_in_place_and_stays_in_the_address(page: Page) -> None:
    page.goto("/?q=tram+depot")
    expect(page.get_by_role("status")).to_have_text("")
    page.get_by_label("Rank by").select_option("words only")
    expect(page.get_by_role("status")).to_have_text("1 passage")
    expect(page).to_have_url("/?q=tram+depot&mode=words")
    page.reload()
    expect(page.get_by_label("Rank by")).to_have_value("words")
    expect(page.locator("article")).to_have_count(1)
    page.get_by_label("Rank by").select_option("meaning and words")
    expect(page).to_have_url("/?q=tram+depot")
    page.go_back()
    expect(page.get_by_label("Rank by")).to_have_value("words")
    expect(page.locator("article")).to_have_count(1)


def test_back_and_forward_show_what_was_asked(page: Page) -> None:
    page.goto("/?q=honey")
    page.get_by_label("Ask your documents").fill("tram depot")
    page.keyboard.press("Enter")
    expect(page.locator("article").first).to_contain_text("tram.txt")
    page.go_back()
    expect(page.locator("article").first).to_contain_text("notes/bees.txt")
    expect(page.get_by_label("Ask your documents")).to_have_value("honey")
    page.go_forward()
    expect(page.locator("article").first).to_contain_text("tram.txt")


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Ask your documents")).to_be_focused()
    page.keyboard.type("who leads the center?")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text(ANSWER)
    link = page.locator("h2 a").first
    for _ in range(3):
        page.keyboard.press("Tab")
        if link.evaluate("e => e === document.activeElement"):
            break
    expect(link).to_be_focused()
    assert link.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("/")
    expect(page.get_by_label("Ask your documents")).to_be_focused()
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#passage")).to_be_focused()


def test_it_works_without_javascript(browser: Browser, site: str) -> None:
    with opened(browser, site, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_label("Ask your documents").fill("who leads the center?")
        page.get_by_role("button", name="Ask").click()
        expect(page.locator("mark").first).to_have_text(ANSWER)
        page.locator("h2 a").first.click()
        expect(page.locator("mark").last).to_contain_text(ANSWER)


HOSTILE = '<script>window.hit = 1</script>"><img src=x onerror="window.hit = 2">'


def test_what_a_document_says_is_shown_and_never_run(
    browser: Browser, make_answerer: Callable[[dict[str, str]], Answerer]
) -> None:
    name = "<img src=x onerror=alert(3)>.md"
    own = make_answerer({name: f"# `{HOSTILE}`\n\nThe tram says `{HOSTILE}`.\n"})
    with served(lambda: own) as server, opened(browser, url_of(server)) as page:
        page.goto("/")
        page.get_by_label("Ask your documents").fill(f"tram {HOSTILE}")
        page.keyboard.press("Enter")
        expect(page.locator(".passage").first).to_have_text(f"The tram says {HOSTILE}.")
        expect(page.locator("h2").first).to_have_text(HOSTILE)
        expect(page.locator(".file").first).to_have_text(name)
        page.reload()
        expect(page.locator(".passage").first).to_have_text(f"The tram says {HOSTILE}.")
        page.locator("h2 a").first.click()
        expect(page.locator("main h1")).to_have_text(HOSTILE)
        assert page.evaluate("window.hit") is None
        assert page.locator("img").count() == 0


@pytest.mark.parametrize("path", ["/", "/?q=tram", "/documents/center.md?start=0&end=20"])
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, site: str, path: str) -> None:
    with opened(browser, site, viewport={"width": 360, "height": 640}) as page:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_dark_page_is_dark(browser: Browser, site: str) -> None:
    for scheme, dark in (("light", False), ("dark", True)):
        with opened(browser, site, color_scheme=scheme) as page:
            page.goto("/")
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            red = int(colour.removeprefix("rgb(").split(",")[0])
            assert (red < 60) is dark


def test_waiting_is_shown_and_ends(browser: Browser, answerer: Answerer) -> None:
    asked, go_on = threading.Event(), threading.Event()
    go_on.set()

    def slow() -> Answerer:
        asked.set()
        go_on.wait(30)
        return answerer

    with served(slow) as server, opened(browser, url_of(server)) as page:
        page.goto("/")
        go_on.clear()
        page.get_by_label("Ask your documents").fill("tram")
        page.keyboard.press("Enter")
        expect(page.locator("#results[aria-busy=true]")).to_be_attached()
        go_on.set()
        expect(page.locator("article").first).to_contain_text("tram.txt")
        expect(page.locator("[aria-busy]")).to_have_count(0)


def test_a_later_question_takes_over_from_one_that_waits(
    browser: Browser, answerer: Answerer
) -> None:
    waits, go_on = threading.Event(), threading.Event()
    first = threading.Lock()

    def current() -> Answerer:
        if waits.is_set() and first.acquire(blocking=False):
            go_on.wait(30)
        return answerer

    with served(current, threads=2) as server, opened(browser, url_of(server)) as page:
        page.goto("/")
        waits.set()
        box = page.get_by_label("Ask your documents")
        with page.expect_event("requestfailed"):
            box.fill("honey")
            box.press("Enter")
            expect(page.locator("[aria-busy=true]")).to_be_attached()
            box.fill("tram depot")
            box.press("Enter")
        go_on.set()
        expect(page.locator("article").first).to_contain_text("tram.txt")
        expect(page).to_have_url("/?q=tram+depot")
        page.go_back()
        expect(page).to_have_url("/")


def test_escape_empties_the_box(page: Page) -> None:
    page.goto("/?q=honey")
    box = page.get_by_label("Ask your documents")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(box).to_be_focused()


def test_skipping_to_the_content_keeps_what_is_typed(page: Page) -> None:
    page.goto("/?q=honey")
    page.get_by_label("Ask your documents").fill("half a ques")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_label("Ask your documents")).to_have_value("half a ques")
    page.keyboard.press("Tab")
    expect(page.locator("h2 a").first).to_be_focused()


def test_a_refusal_is_shown_in_place(browser: Browser, site: str) -> None:
    context = browser.new_context(base_url=site)  # not watched: the console names the status
    try:
        page = context.new_page()
        page.goto("/")
        box = page.get_by_label("Ask your documents")
        box.evaluate("box => box.maxLength = 2000")
        box.fill("a" * 1001)
        box.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("question has 1001 characters")
        expect(box).to_have_value("a" * 1001)
    finally:
        context.close()


def test_the_text_of_a_document_is_shown_to_the_letter(
    browser: Browser, make_answerer: Callable[[dict[str, str]], Answerer]
) -> None:
    text = (
        "Odd\n\n  two spaces\tand a tab\n\n\n\n\nCafé 北京 😀😀 &amp; <b>\u00a0end.\n"
        "    indented\n \n\u202bעברית\u202c\nlast"
    )
    own = make_answerer({"odd.txt": text})
    document = own.document("odd.txt")
    assert document is not None
    start, end = document.text.index("tab"), document.text.index("indented")
    with served(lambda: own) as server, opened(browser, url_of(server)) as page:
        page.goto(f"/documents/odd.txt?start={start}&end={end}#passage")
        assert page.locator("article").text_content() == document.text
        marked = "".join(page.locator("mark").all_text_contents())
        assert marked == document.text[start:end]


def test_a_server_that_is_gone_is_named(browser: Browser, answerer: Answerer) -> None:
    context = browser.new_context()
    try:
        with served(lambda: answerer) as server:
            page = context.new_page()
            page.goto(url_of(server))
        page.get_by_label("Ask your documents").fill("tram")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
        expect(page.get_by_label("Ask your documents")).to_have_value("tram")
    finally:
        context.close()


def test_the_interface_can_be_read_and_tried_offline(page: Page) -> None:
    page.goto("/docs")
    expect(page.get_by_text("Ask a question")).to_be_visible()
    expect(page.get_by_text("/readyz")).to_be_visible()
