"""The HTTP interface keeps what its own OpenAPI document says, whatever is sent."""

import click
import pytest
import schemathesis
import schemathesis.openapi
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema

from index.build import build
from qa.answerer import Answerer
from qa.app import create_app
from tests.conftest import FILES, write_files
from tests.fakes import CountingEmbedder, ListedReader

FEW = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
MANY = settings(FEW, max_examples=4_000, derandomize=False)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("contract")
    embedder = CountingEmbedder(["center", "tram", "bees"])
    build(write_files(folder / "documents", FILES), folder / "index", embedder)
    answerer = Answerer.open(folder / "index", embedder, ListedReader({"The academy": 3.0}))
    return create_app(lambda: answerer)


@pytest.fixture(scope="module")
def contract(app: Flask) -> BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


def sent(contract: BaseSchema, mode: GenerationMode, how: settings) -> int:
    """Send requests of every operation, check all answers, and give how many there were."""
    count = 0
    for found in contract.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # it takes nothing, so nothing can be wrong with it

        @how
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Case) -> None:
            nonlocal count
            count += 1
            case.call_and_validate()

        send()
    return count


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_one_that_is_documented(contract: BaseSchema, mode: GenerationMode) -> None:
    assert sent(contract, mode, FEW) >= 60


@pytest.mark.deep
@pytest.mark.parametrize("mode", GenerationMode)
def test_thousands_of_answers_are_documented(
    contract: BaseSchema, mode: GenerationMode, capsys: pytest.CaptureFixture[str]
) -> None:
    count = sent(contract, mode, MANY)
    with capsys.disabled():
        click.echo(f"\n{mode.value}: {count:,} requests, every answer documented")
    assert count >= 4_000
