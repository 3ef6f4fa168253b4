"""Wide channels are computed apart: nothing changes but what int8 loses."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession, SessionOptions

from index.embedders.quantisation import Feed, quantise, set_apart

HIDDEN, CHANNELS, WIDE = 16, 64, (5, 40)

Array = NDArray[np.float32]


def feed_forward(
    path: Path, activation: str = "Gelu", widths: tuple[float, ...] = (20, 30)
) -> Path:
    """numbers (n, 1) int64 → a row of a table each → linear, activation, linear → (n, 16).

    The first row of the table alone makes the channels WIDE `widths` times as wide.
    """
    random = np.random.default_rng(3)
    table = random.normal(size=(50, HIDDEN)).astype(np.float32)
    table[:, 0] = 0
    table[0, 0] = 1
    up = random.normal(size=(HIDDEN, CHANNELS)).astype(np.float32) / 4
    up[0, WIDE] = widths
    constants = {
        "table": table,
        "up": up,
        "up_bias": random.normal(size=CHANNELS).astype(np.float32) / 10,
        "down": random.normal(size=(CHANNELS, HIDDEN)).astype(np.float32) / 8,
        "down_bias": random.normal(size=HIDDEN).astype(np.float32) / 10,
    }
    nodes = [
        helper.make_node("Gather", ["table", "numbers"], ["x"], "rows"),
        helper.make_node("MatMul", ["x", "up"], ["a"], "up_product"),
        helper.make_node("Add", ["a", "up_bias"], ["b"], "up_sum"),
        helper.make_node(activation, ["b"], ["c"], "activation"),
        helper.make_node("MatMul", ["c", "down"], ["d"], "down_product"),
        helper.make_node("Add", ["d", "down_bias"], ["y"], "down_sum"),
    ]
    graph = helper.make_graph(
        nodes,
        "feed forward",
        [helper.make_tensor_value_info("numbers", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", HIDDEN])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path
    )
    return path


PROBES: list[Feed] = [{"numbers": np.arange(50)}]


def output(model: ModelProto | Path) -> Array:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    options = SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")  # as the product has it
    session = InferenceSession(source, options, providers=["CPUExecutionProvider"])
    (found,) = session.run(["y"], dict(PROBES[0]))
    values: Array = found
    return values


def constant(model: ModelProto, name: str) -> Array:
    (tensor,) = [t for t in model.graph.initializer if t.name == name]
    values: Array = numpy_helper.to_array(tensor)
    return values


@pytest.mark.parametrize("activation", ["Gelu", "Relu"])
def test_a_graph_computes_the_same_with_its_wide_channels_apart(
    tmp_path: Path, activation: str
) -> None:
    before = feed_forward(tmp_path / "fp32.onnx", activation)
    model = onnx.load(before)
    set_apart(model, PROBES)
    onnx.checker.check_model(model)
    np.testing.assert_allclose(output(model), output(before), atol=1e-5)


def test_apart_are_the_wide_channels_and_no_others(tmp_path: Path) -> None:
    before = onnx.load(feed_forward(tmp_path / "fp32.onnx"))
    model = ModelProto()
    model.CopyFrom(before)
    set_apart(model, PROBES)
    np.testing.assert_array_equal(
        constant(model, "apart_0_narrow_up"), constant(before, "up")[:, WIDE]
    )
    np.testing.assert_array_equal(
        constant(model, "apart_0_narrow_down"), constant(before, "down")[WIDE, :]
    )
    rest = constant(before, "down").copy()
    rest[WIDE, :] = 0
    np.testing.assert_array_equal(constant(model, "apart_0_down_rest"), rest)
    # what was replaced is gone, or the graph would hold its weights twice
    assert {"up", "up_bias", "down"}.isdisjoint(t.name for t in model.graph.initializer)


def test_int8_loses_less_with_wide_channels_apart(tmp_path: Path) -> None:
    before = feed_forward(tmp_path / "fp32.onnx")
    exact = output(before)
    quantise(before, tmp_path / "together.onnx")
    quantise(before, tmp_path / "apart.onnx", PROBES)
    lost, kept = (
        np.abs(output(tmp_path / name) - exact)[1:].mean()  # the wide row itself is not the point
        for name in ("together.onnx", "apart.onnx")
    )
    assert kept < lost / 2


def test_a_layer_without_wide_channels_stays_as_it_is(tmp_path: Path) -> None:
    before = onnx.load(feed_forward(tmp_path / "fp32.onnx", widths=(0.3, 0.3)))
    model = ModelProto()
    model.CopyFrom(before)
    set_apart(model, PROBES)
    assert model == before


def test_what_is_no_feed_forward_layer_stays_as_it_is(tmp_path: Path) -> None:
    before = onnx.load(feed_forward(tmp_path / "fp32.onnx"))
    sums = {"up_sum": "Mul", "down_sum": "Mul"}
    for node in before.graph.node:
        node.op_type = sums.get(node.name, node.op_type)
    model = ModelProto()
    model.CopyFrom(before)
    set_apart(model, PROBES)
    assert model == before
