"""Put a trained reader into the product: `python -m scripts.export_reader FOLDER`.

FOLDER is what `python -m scripts.train_reader export CHECKPOINT FOLDER` wrote. Afterwards
`python -m scripts.calibrate_reader` fits what its scores mean.
"""

import logging
import sys
from pathlib import Path

import click
import numpy as np

from index.embedders.bundled import bundled_folder, verify
from index.embedders.onnx_runtime import GRAPH, TOKENIZER
from index.errors import CitewellError
from qa.readers import ReadText
from qa.readers.normalisation import f1_of, normalised
from qa.readers.onnx_reader import WEIGHTS, OnnxReader
from scripts.evaluation.records import DataProblem
from scripts.evaluation.tables import table
from scripts.train_reader import VAR

_PROBES = 200
_WIDE = 20  # of the probes, for the quantiser


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("trained", type=click.Path(exists=True, path_type=Path))
@click.option("--to", "folder", type=click.Path(path_type=Path), default=WEIGHTS)
@click.option("--var", type=click.Path(path_type=Path), default=VAR, help="[var/reader]")
@click.option("--asked", type=click.IntRange(1), default=1000, show_default=True)
def main(trained: Path, folder: Path, var: Path, asked: int) -> None:
    """Export to ONNX in int8, compare with the trained reader on held-out articles, and seal."""
    from scripts.reader import export, model, running
    from scripts.reader.measuring import sample

    logging.disable(logging.WARNING)  # what the exporter warns of, the comparison answers for
    try:
        verify()
        encoded, layout = running.side("held-out", var)
    except (CitewellError, DataProblem) as error:
        click.echo(f"export_reader: {error}", err=True)
        sys.exit(1)
    reader = model.load(trained)
    examples = sample(encoded, asked)
    probes = [layout.input(example) for example in examples[:_PROBES]]
    export.export(reader, bundled_folder() / TOKENIZER, folder, probes[:_WIDE])
    rows = []
    for name, graph in (("fp32", export.FLOAT), ("int8", GRAPH)):
        apart = export.difference(reader, folder / graph, probes)
        exact, f1 = [], []
        exported = OnnxReader(folder, "", graph=graph)
        for example in examples:
            text = ReadText(*encoded.written(example))
            (span,) = exported.read(encoded.asked[example.question], [text])
            said = text.body[span.start : span.end] if span else ""
            answer = encoded.answers[example.question]
            exact.append(normalised(said) == normalised(answer))
            f1.append(f1_of(said, answer))
        figures = (apart.mean, apart.most, apart.same, np.mean(f1), np.mean(exact))
        size = (folder / graph).stat().st_size / 1e6
        rows.append((name, f"{size:.1f}", *(f"{value:.4f}" for value in figures)))
    click.echo(table(("graph", "MB", "mean apart", "most", "same span", "F1", "EM"), rows))
    export.seal(folder)


if __name__ == "__main__":
    main()
