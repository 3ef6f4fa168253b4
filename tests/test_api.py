"""POST /ask: what it answers, and what it says to what it cannot answer."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from index.errors import IndexMissing
from qa.answerer import Answerer
from qa.app import create_app
from qa.problems import CROWDED


def test_the_passage_that_answers_comes_first(client: FlaskClient) -> None:
    reply = client.post("/ask", json={"question": " who leads the center? ", "limit": 1})
    assert reply.status_code == 200
    body = reply.get_json()
    (passage,) = body.pop("passages")
    took = body.pop("took_ms")
    assert isinstance(took, float)
    assert body.pop("index").keys() == {"snapshot", "built_at", "documents", "passages", "model"}
    assert body == {
        "question": "who leads the center?",
        "mode": "hybrid",
        "answer": None,
        "degraded": [],
    }
    score = passage.pop("scores")
    assert score["reader"] is None
    assert score["meaning"] > 0.8
    assert 0 < score["words"] < 1
    assert score["fused"] == pytest.approx((score["meaning"] + score["words"]) / 2)
    assert 0 < passage.pop("confidence") < 1
    source = passage["document"].pop("source")
    assert source.endswith("/documents/center.md")
    text = "Leadership\n\nThe academy leads the center. Its budget is not known yet."
    assert passage == {
        "rank": 1,
        "id": passage["id"],
        "document": {"id": "center.md", "title": "The new center"},
        "heading": ["The new center", "Leadership"],
        "page": None,
        "text": text,
        "start": passage["end"] - len(text),
        "end": passage["end"],
        "highlights": [[12, 41]],
        "also": [],
    }
    assert passage["text"][12:41] == "The academy leads the center."


def test_offsets_slice_back_to_the_document(client: FlaskClient, answerer: Answerer) -> None:
    for passage in client.post("/ask", json={"question": "x", "limit": 50}).get_json()["passages"]:
        document = answerer.document(passage["document"]["id"])
        assert document is not None
        assert document.text[passage["start"] : passage["end"]] == passage["text"]


def test_five_passages_come_unless_another_limit_is_set(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    own = make_answerer({f"{n}.txt": f"Bees number {n}{n}." for n in range(8)})
    client = create_app(lambda: own).test_client()
    ranks = [
        p["rank"] for p in client.post("/ask", json={"question": "bees"}).get_json()["passages"]
    ]
    assert ranks == [1, 2, 3, 4, 5]
    seven = client.post("/ask", json={"question": "bees", "limit": 7}).get_json()["passages"]
    assert len({p["id"] for p in seven}) == 7


def test_explain_says_where_the_time_went(client: FlaskClient) -> None:
    body = client.post("/ask", json={"question": "bees", "explain": True}).get_json()
    assert body["explain"].keys() == {"embed", "search", "fetch", "read", "reader"}
    assert body["explain"].pop("reader") is None
    assert sum(body["explain"].values()) == pytest.approx(body["took_ms"], abs=0.02)
    assert "explain" not in client.post("/ask", json={"question": "bees"}).get_json()


def test_the_stages_stand_in_a_header_too(client: FlaskClient) -> None:
    reply = client.post("/ask", json={"question": "bees", "explain": True})
    stages = dict(stage.split(";dur=") for stage in reply.headers["Server-Timing"].split(", "))
    explained = reply.get_json()["explain"]
    assert explained.pop("reader") is None
    assert {name: float(took) for name, took in stages.items()} == pytest.approx(explained)


def test_explain_says_what_each_ranking_gave_and_which_words_matched(client: FlaskClient) -> None:
    asked = {"question": "who leads the zebra center?", "explain": True}
    first = client.post("/ask", json=asked).get_json()["passages"][0]
    explained = first["explain"]
    assert explained.pop("matched") == ["leads", "center"]
    assert explained == pytest.approx(
        {
            "meaning": first["scores"]["meaning"] / 2,
            "words": first["scores"]["words"] / 2,
            "opening": 0,
            "heading": 0,
            "neighbour": 0,
            "reader": 0,
        }
    )
    plain = client.post("/ask", json={"question": "bees"}).get_json()
    assert "explain" not in plain["passages"][0]


def test_a_mode_is_the_ranking_that_is_asked(client: FlaskClient) -> None:
    def scores(mode: str) -> list[tuple[bool, bool]]:
        body = client.post("/ask", json={"question": "tram depot", "mode": mode}).get_json()
        assert body["mode"] == mode
        found = [passage["scores"] for passage in body["passages"]]
        return [(s["meaning"] is not None, s["words"] is not None) for s in found]

    assert scores("hybrid") == [(True, True)] * 4
    assert scores("meaning") == [(True, False)] * 4
    assert scores("words") == [(False, True)]


def test_the_same_text_elsewhere_is_named_with_its_place(
    make_answerer: Callable[[dict[str, str]], Answerer],
) -> None:
    own = make_answerer({"a.txt": "The depot is old.", "b.txt": "The depot is old."})
    client = create_app(lambda: own).test_client()
    (passage,) = client.post("/ask", json={"question": "depot"}).get_json()["passages"]
    (other,) = passage["also"]
    assert (passage["document"]["id"], other["document"]["id"]) == ("a.txt", "b.txt")
    assert (other["start"], other["end"], other["page"]) == (0, 17, None)


@pytest.mark.parametrize(
    ("body", "status", "field", "message"),
    [
        (b"", 400, "", "the body is empty"),
        (b"  \n", 400, "", "the body is empty"),
        (b"[]", 400, "", "not a JSON object"),
        (b'"text"', 400, "", "not a JSON object"),
        (b"null", 400, "", "not a JSON object"),
        (b"{}", 400, "question", "Field required"),
        (b'{"question": 5}', 400, "question", "valid string"),
        (b'{"question": null}', 400, "question", "valid string"),
        (b'{"question": ""}', 400, "question", "at least 1 character"),
        (b'{"question": "  "}', 400, "question", "question is empty"),
        (b'{"question": "' + b"a" * 1001 + b'"}', 400, "question", "at most 1000 characters"),
        (b'{"question": "a\\u0000b"}', 400, "question", "U+0000"),
        (b'{"question": "a\\u001bb"}', 400, "question", "U+001B"),
        (b'{"question": "a", "limit": 0}', 400, "limit", "greater than or equal to 1"),
        (b'{"question": "a", "limit": 51}', 400, "limit", "less than or equal to 50"),
        (b'{"question": "a", "limit": "5"}', 400, "limit", "valid integer"),
        (b'{"question": "a", "limit": 1.5}', 400, "limit", "valid integer"),
        (b'{"question": "a", "limit": true}', 400, "limit", "valid integer"),
        (b'{"question": "a", "limit": 1e400}', 400, "limit", "valid integer"),
        (b'{"question": "a", "mode": "magic"}', 400, "mode", "'hybrid', 'meaning' or 'words'"),
        (b'{"question": "a", "answer": 1}', 400, "answer", "valid boolean"),
        (b'{"question": "a", "timeout_ms": 0}', 400, "timeout_ms", "greater than or equal to 1"),
        (
            b'{"question": "a", "timeout_ms": 60001}',
            400,
            "timeout_ms",
            "equal to 60000",
        ),
        (b'{"question": "a", "timeout_ms": 1.5}', 400, "timeout_ms", "valid integer"),
        (b'{"question": "a", "colour": 1}', 400, "colour", "not permitted"),
        (b'{"question": "a", "limit": NaN}', 400, "", "not valid JSON"),
        (b'{"question": NaN}', 400, "", "not valid JSON"),
        (b'{"question": "\\ud800"}', 400, "", "not valid JSON"),
        (b'{"question": "\xff"}', 400, "", "not valid JSON"),
        (b'{"question": "a"', 400, "", "not valid JSON"),
        (b'{"question": "a"} extra', 400, "", "not valid JSON"),
        (b"[" * 30_000, 400, "", "recursion limit"),
        (b'{"a":' * 10_000, 400, "", "recursion limit"),
        (b'{"question": "' + b"a" * 10_000_000 + b'"}', 413, None, "65536 bytes"),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, bytes) else None,
)
def test_what_is_wrong_is_named_and_the_next_question_answered(
    client: FlaskClient, body: bytes, status: int, field: str | None, message: str
) -> None:
    reply = client.post("/ask", data=body, content_type="application/json")
    problem = reply.get_json()
    assert (reply.status_code, reply.content_type) == (status, "application/problem+json")
    assert problem["status"] == status
    assert message in problem["detail"]
    assert [error["field"] for error in problem["errors"]] == ([] if field is None else [field])
    assert client.post("/ask", json={"question": "bees"}).status_code == 200


def test_every_wrong_field_is_named_at_once(client: FlaskClient) -> None:
    problem = client.post("/ask", json={"question": 5, "limit": 99}).get_json()
    assert [error["field"] for error in problem["errors"]] == ["question", "limit"]


def test_a_number_without_a_fraction_is_an_integer(client: FlaskClient) -> None:
    body = b'{"question": "a", "limit": 2.0, "timeout_ms": 3e3}'
    reply = client.post("/ask", data=body, content_type="application/json")
    assert (reply.status_code, len(reply.get_json()["passages"])) == (200, 2)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_declared_as_json_is_refused(
    client: FlaskClient, content_type: str
) -> None:
    reply = client.post("/ask", data=b'{"question": "a"}', content_type=content_type)
    assert reply.status_code == 415
    assert "content-type: application/json" in reply.get_json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/ask", 405), ("DELETE", "/livez", 405), ("GET", "/nothing/here", 404)],
)
def test_other_paths_and_methods_are_problems_too(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    reply = client.open(path, method=method)
    assert (reply.status_code, reply.content_type) == (status, "application/problem+json")
    assert reply.get_json()["status"] == status
    assert ("Allow" in reply.headers) is (status == 405)


def test_without_an_index_it_says_how_to_build_one() -> None:
    def nothing() -> Answerer:
        raise IndexMissing("there is no index in var/index yet; run `make index`")

    client = create_app(nothing).test_client()
    for reply in (client.post("/ask", json={"question": "bees"}), client.get("/readyz")):
        assert (reply.status_code, reply.content_type) == (503, "application/problem+json")
        assert reply.get_json()["detail"].endswith("run `make index`")
        assert reply.headers["Retry-After"] == "1"
    assert client.get("/livez").get_json() == {"status": "ok"}


def test_it_is_ready_with_an_index(client: FlaskClient) -> None:
    assert client.get("/readyz").get_json() == {"status": "ok"}


def test_a_failure_inside_is_a_problem_without_its_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Answerer:
        raise RuntimeError("secret")

    reply = create_app(broken).test_client().post("/ask", json={"question": "bees"})
    assert reply.status_code == 500
    assert "secret" not in reply.get_data(as_text=True)
    assert "secret" in caplog.text


def test_a_question_is_refused_where_too_many_wait(client: FlaskClient) -> None:
    crowded = {"environ_overrides": {CROWDED: True}}
    reply = client.post("/ask", json={"question": "bees"}, **crowded)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert reply.get_json()["detail"] == "too many questions at once; try again in a moment"
    assert client.get("/?q=bees", **crowded).status_code == 503
    for path in ("/", "/livez", "/readyz", "/documents/tram.txt"):
        assert client.get(path, **crowded).status_code == 200


def test_a_request_changes_nothing(client: FlaskClient, answerer: Answerer) -> None:
    first = client.post("/ask", json={"question": "tram"}).get_json()
    client.get("/?q=tram")
    client.get("/documents/tram.txt?start=0&end=3")
    second = client.post("/ask", json={"question": "tram"}).get_json()
    assert {**first, "took_ms": 0} == {**second, "took_ms": 0}


def test_the_openapi_document_describes_what_is_answered(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    ask = document["paths"]["/ask"]["post"]
    assert set(ask["responses"]) == set("200 400 401 403 413 415 429 503".split())
    assert set(ask["responses"]["400"]["content"]) == {"application/problem+json"}
    request = document["components"]["schemas"]["AskRequest"]
    fields = {"question", "limit", "mode", "answer", "explain", "timeout_ms"}
    assert set(request["properties"]) == fields
    assert request["additionalProperties"] is False
    reply = client.post("/ask", json={"question": "bees", "explain": True}).get_json()
    for name, part in [
        ("AskResponse", reply),
        ("PassageOut", reply["passages"][0]),
        ("IndexOut", reply["index"]),
    ]:
        assert set(document["components"]["schemas"][name]["properties"]) == set(part)


def test_the_interactive_documentation_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    import re

    page = client.get("/docs").get_data(as_text=True)
    links = re.findall(r'(?:src|href|data-url)="([^"]+)"', page)
    assert len(links) == 5
    for link in links:
        assert link.startswith("/")
        with client.get(link) as reply:
            assert reply.status_code == 200


def test_headers_forbid_what_no_page_needs(client: FlaskClient) -> None:
    for path in ("/", "/ask", "/livez", "/docs"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
