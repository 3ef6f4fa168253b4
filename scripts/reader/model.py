"""A BERT encoder with a span head, no more of it than is trained and exported.

Written out, since what it costs on a processor is decided inside: attention as three matrix
products is half as fast again, forward and backward in bf16, as the fused kernel of torch
2.13 is there (15.7 passages of 150 tokens a second against 10.2, one core with AVX-512 BF16).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

WEIGHTS, CONFIG = "model.safetensors", "config.json"


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the encoder is; of a BERT as Devlin et al. (2019) describe it."""

    vocabulary: int = 30522
    positions: int = 512
    hidden: int = 384
    heads: int = 12
    inner: int = 1536
    layers: int = 6
    epsilon: float = 1e-12


class Layer(nn.Module):
    """Attention and a feed-forward network, each normalised after its residual."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.up = nn.Linear(shape.hidden, shape.inner)
        self.down = nn.Linear(shape.inner, shape.hidden)
        self.last = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(b, t, hidden) → the same; `mask` (b, 1, 1, t) is added to attention's logits."""
        b, t, hidden = x.shape
        width = hidden // self.heads
        query, key, value = self.qkv(x).view(b, t, 3, self.heads, width).permute(2, 0, 3, 1, 4)
        logits = (query * width**-0.5) @ key.transpose(-1, -2)
        if mask is not None:
            logits = logits + mask
        mixed = (logits.softmax(-1) @ value).transpose(1, 2).reshape(b, t, hidden)
        x = self.norm(x + self.dropout(self.out(mixed)))
        y: Tensor = self.last(x + self.dropout(self.down(F.gelu(self.up(x)))))
        return y


class Reader(nn.Module):
    """Logits of every token as the start and as the end of the answer.

    Word embeddings are not trained: they are half of all weights, and a rare word would be
    moved by the few questions that have it.
    """

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.words.weight.requires_grad_(False)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.kinds = nn.Embedding(2, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.head = nn.Linear(shape.hidden, 2)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor, kinds: Tensor, valid: Tensor | None = None) -> Tensor:
        """Logits (b, t, 2) float32, of start and end.

        Args:
            ids, kinds: (b, t) int64, tokens, and 0 for the question's and 1 for the passage's.
            valid: (b, t) bool, False for padding; None where there is none.
        """
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.kinds(kinds)
        x = self.dropout(self.norm(x))
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.get_autocast_dtype("cpu"))
        mask = None
        if valid is not None:
            mask = torch.zeros(valid.shape, dtype=x.dtype).masked_fill(~valid, float("-inf"))
            mask = mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        with torch.autocast("cpu", enabled=False):  # a bf16 logit of 10 has steps of 0.06
            logits: Tensor = self.head(x.float())
        return logits


def from_bert(folder: Path, dropout: float = 0.0) -> Reader:
    """A reader on the encoder in `folder`, in the form that transformers keeps; a new head."""
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    shape = Shape(
        vocabulary=config["vocab_size"],
        positions=config["max_position_embeddings"],
        hidden=config["hidden_size"],
        heads=config["num_attention_heads"],
        inner=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        epsilon=config["layer_norm_eps"],
    )
    stored = {name.removeprefix("bert."): t for name, t in load_file(folder / WEIGHTS).items()}
    front = "embeddings."
    taken = {
        "words.weight": stored[f"{front}word_embeddings.weight"],
        "positions.weight": stored[f"{front}position_embeddings.weight"],
        "kinds.weight": stored[f"{front}token_type_embeddings.weight"],
        "norm.weight": stored[f"{front}LayerNorm.weight"],
        "norm.bias": stored[f"{front}LayerNorm.bias"],
    }
    for number in range(shape.layers):
        of, to = f"encoder.layer.{number}.", f"layers.{number}."
        for part in ("weight", "bias"):
            taken[f"{to}qkv.{part}"] = torch.cat(
                [stored[f"{of}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            )
            for ours, theirs in _SAME.items():
                taken[f"{to}{ours}.{part}"] = stored[f"{of}{theirs}.{part}"]
    reader = Reader(shape, dropout)
    taken |= {name: t for name, t in reader.state_dict().items() if name.startswith("head.")}
    reader.load_state_dict(taken)
    return reader


_SAME = {
    "out": "attention.output.dense",
    "norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "last": "output.LayerNorm",
}


def save(reader: Reader, folder: Path) -> None:
    """All weights, float32, and the shape."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: t.detach().contiguous() for name, t in reader.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(asdict(reader.shape), indent=2) + "\n", "utf-8")


def load(folder: Path) -> Reader:
    """What `save` wrote."""
    shape = Shape(**json.loads((folder / CONFIG).read_text("utf-8")))
    reader = Reader(shape)
    reader.load_state_dict(load_file(folder / WEIGHTS))
    return reader.eval()
