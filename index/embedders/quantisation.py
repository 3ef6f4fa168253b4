"""fp32 graph → int8 graph: weights a scale per output channel, activations rounded as they come.

The only file that imports onnx and onnxruntime's quantiser.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Feed = Mapping[str, NDArray[np.int64]]
"""What a graph is run on, by the names of its inputs."""

_Array = NDArray[np.float32]

# A channel is apart where its widest value is so many times that of the median channel.
_WIDE = 4.0
_MOST_APART = 8  # of one layer; past the first few they save nothing

_APART = "apart_"


def quantise(graph: Path, to: Path, probes: Sequence[Feed] = ()) -> None:
    """int8 weights and embeddings, and activations rounded as they come.

    The best of the recipes compared in docs/embedding.md.

    Args:
        probes: inputs that show which channels are wide, for `set_apart`; without any, none is.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(graph)
    if probes:
        set_apart(model, probes)
    onnx.save(model, to)
    quantize_dynamic(
        to,
        to,
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[n.name for n in model.graph.node if n.name.startswith(_APART)],
        extra_options={"MatMulConstBOnly": True},
    )


@dataclass(frozen=True, slots=True)
class _FeedForward:
    """linear, activation, linear: nodes in that order, and their constants.

    Attributes:
        up_weight, up_bias: (hidden, channels), (channels,).
        down_weight: (channels, hidden).
    """

    up: "NodeProto"
    up_add: "NodeProto"
    activation: "NodeProto"
    down: "NodeProto"
    down_add: "NodeProto"
    up_weight: _Array
    up_bias: _Array
    down_weight: _Array


def set_apart(model: "ModelProto", probes: Sequence[Feed]) -> None:
    """Compute the widest channels of each feed-forward layer beside it, in fp32.

    In some layers encoders make one channel of one token ten times as wide as all others
    ("Massive Activations", Sun et al. 2024). An int8 activation has one scale for the whole, so
    the one takes the others' precision. Apart it costs next to nothing, a product with one
    column ("LLM.int8()", Dettmers et al. 2022).

    Args:
        model: changed in place. What it computes stays the same but for rounding. Layers that
            are not linear, activation, linear are left alone.
        probes: at least one.
    """
    layers = list(_layers(model))
    if not layers:
        return
    widths = _widths(model, layers, probes)
    for number, (layer, width) in enumerate(zip(layers, widths, strict=True)):
        wide = np.flatnonzero(width > _WIDE * np.median(width))
        widest = np.sort(wide[np.argsort(-width[wide], kind="stable")][:_MOST_APART])
        if len(widest):
            _split(model, layer, widest, f"{_APART}{number}_")
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [t for t in model.graph.initializer if t.name not in used]:
        model.graph.initializer.remove(tensor)


def _layers(model: "ModelProto") -> Iterator[_FeedForward]:
    from onnx import numpy_helper

    nodes = model.graph.node
    made_by = {name: node for node in nodes for name in node.output}
    constants = {tensor.name: tensor for tensor in model.graph.initializer}

    def user(name: str) -> "NodeProto | None":
        users = [node for node in nodes if name in node.input]
        return users[0] if len(users) == 1 else None

    def constant(node: "NodeProto | None", kind: str) -> _Array | None:
        if node is None or node.op_type != kind:
            return None
        found = [constants[name] for name in node.input if name in constants]
        return numpy_helper.to_array(found[0]) if len(found) == 1 else None

    for activation in nodes:
        if activation.op_type not in {"Gelu", "Relu"}:
            continue
        up_add = made_by.get(activation.input[0])
        up_bias = constant(up_add, "Add")
        if up_add is None or up_bias is None:
            continue
        up = next((made_by[name] for name in up_add.input if name in made_by), None)
        down = user(activation.output[0])
        down_add = user(down.output[0]) if down else None
        up_weight, down_weight = constant(up, "MatMul"), constant(down, "MatMul")
        if (
            up is not None
            and down is not None
            and down_add is not None
            and up_weight is not None
            and down_weight is not None
            and constant(down_add, "Add") is not None
        ):
            yield _FeedForward(
                up, up_add, activation, down, down_add, up_weight, up_bias, down_weight
            )


def _widths(
    model: "ModelProto", layers: Sequence[_FeedForward], probes: Sequence[Feed]
) -> list[_Array]:
    """Of each layer (channels,): the greatest absolute value in all probes."""
    from onnx import ModelProto, TensorProto, helper
    from onnxruntime import InferenceSession

    names = [layer.activation.output[0] for layer in layers]
    shown = ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    session = InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    widths = [np.zeros(len(layer.down_weight), np.float32) for layer in layers]
    for probe in probes:
        for width, values in zip(widths, session.run(names, dict(probe)), strict=True):
            channels = np.abs(values).reshape(-1, values.shape[-1])
            np.maximum(width, channels.max(axis=0), out=width)
    return widths


def _split(model: "ModelProto", layer: _FeedForward, apart: NDArray[np.intp], prefix: str) -> None:
    """Take the channels `apart` out of a layer, and add what they give to its output."""
    from onnx import NodeProto, helper, numpy_helper

    graph = model.graph

    def kept(name: str, values: _Array) -> str:
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def put(node: NodeProto, old: _Array, name: str) -> None:
        """Give a node `old`, its constant, without the channels; the first may be shared."""
        names = {tensor.name for tensor in graph.initializer}
        place = next(n for n, given in enumerate(node.input) if given in names)
        rest = old.copy()
        rest[(apart if node is layer.down else (..., apart))] = 0
        node.input[place] = kept(prefix + name, rest)

    narrow = layer.up_weight[:, apart], layer.up_bias[apart], layer.down_weight[apart]
    weight, bias, back = (
        kept(f"{prefix}narrow_{name}", values)
        for name, values in zip(("up", "bias", "down"), narrow, strict=True)
    )
    put(layer.up, layer.up_weight, "up_rest")
    put(layer.up_add, layer.up_bias, "bias_rest")
    put(layer.down, layer.down_weight, "down_rest")

    activation = NodeProto()
    activation.CopyFrom(layer.activation)
    activation.name = f"{prefix}activation"
    activation.input[0], activation.output[0] = f"{prefix}added", f"{prefix}activated"
    whole = layer.down_add.output[0]
    layer.down_add.output[0] = f"{prefix}without"
    source = layer.up.input[0]
    added = [
        helper.make_node("MatMul", [source, weight], [f"{prefix}product"], f"{prefix}product"),
        helper.make_node("Add", [f"{prefix}product", bias], [f"{prefix}added"], f"{prefix}added"),
        activation,
        helper.make_node(
            "MatMul", [f"{prefix}activated", back], [f"{prefix}given"], f"{prefix}given"
        ),
        helper.make_node("Add", [f"{prefix}without", f"{prefix}given"], [whole], f"{prefix}whole"),
    ]
    after = list(graph.node).index(layer.down_add) + 1
    for place, node in enumerate(added, after):
        graph.node.insert(place, node)
