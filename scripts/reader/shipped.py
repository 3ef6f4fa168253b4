"""The weights that ship → a reader in fp32, for training to go on from a release."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.reader.model import Reader

_APART = "apart_"


@torch.no_grad()
def restore(graph: Path, reader: Reader) -> None:
    """Put an exported int8 graph's weights into a reader of the same shape.

    They are what the graph computes with, so within half a step of int8 of those it was
    exported from. Word embeddings stay the reader's: they are not trained.

    Args:
        graph: what `scripts.reader.export` wrote.
        reader: changed in place.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(graph)
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}

    def whole(name: str) -> NDArray[np.float32]:
        """A quantised constant, by the scale of its columns or of all of it."""
        steps = constants[f"{name}_quantized"].astype(np.float32)
        zero = constants[f"{name}_zero_point"].astype(np.float32)
        return (steps - zero) * constants[f"{name}_scale"]

    products = [
        node.input[1].removesuffix("_quantized")
        for node in model.graph.node
        if node.op_type == "MatMulInteger"
    ]
    own = dict(reader.named_parameters())
    matrices = [f"layers.{n}.{m}" for n in range(len(reader.layers)) for m in _IN_LAYER] + ["head"]
    for name, product in zip(matrices, products, strict=True):
        own[f"{name}.weight"].copy_(torch.from_numpy(whole(product).T.copy()))
    for name, parameter in own.items():
        if name == "kinds.weight":
            parameter.copy_(torch.from_numpy(whole(f"reader.{name}")))
        elif parameter.ndim == 1 or name == "positions.weight":
            parameter.copy_(torch.from_numpy(_plain(constants, name).copy()))
    for number, product in enumerate(products):
        if product.startswith(_APART) and product.endswith("_up_rest"):
            _put_back(constants, product.removesuffix("up_rest"), own, number // len(_IN_LAYER))


_IN_LAYER = ("qkv", "out", "up", "down")


def _plain(constants: dict[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    """A constant that was not quantised; a bias without its wide channels has another name."""
    if not name.startswith("layers."):
        return constants[f"reader.{name}"]
    _, number, rest = name.split(".", 2)
    exported = f"layers.{number}.layer.{rest}"
    apart = rest == "up.bias" and exported not in constants
    return constants[f"{_APART}{number}_bias_rest" if apart else exported]


def _put_back(
    constants: dict[str, NDArray[np.float32]],
    prefix: str,
    own: dict[str, torch.nn.Parameter],
    layer: int,
) -> None:
    """The channels computed apart; their places are those that the rest has nothing in."""
    empty = (constants[f"{prefix}up_rest_quantized"] == 0).all(axis=0)
    empty &= (constants[f"{prefix}down_rest_quantized"] == 0).all(axis=1)
    places = torch.from_numpy(np.flatnonzero(empty & (constants[f"{prefix}bias_rest"] == 0)))
    up, bias, down = (
        torch.from_numpy(constants[f"{prefix}narrow_{name}"].copy())
        for name in ("up", "bias", "down")
    )
    own[f"layers.{layer}.up.weight"][places] = up.T
    own[f"layers.{layer}.up.bias"][places] = bias
    own[f"layers.{layer}.down.weight"][:, places] = down.T
