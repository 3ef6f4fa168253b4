"""A reader of a few hundred weights, and questions that a person can answer at a glance."""

from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from scripts.reader.articles import CutPassage
from scripts.reader.encoding import Encoded, Layout, encode
from scripts.reader.mining import DEPTH, GOLD, HOLDS_TEXT, MOST_GOLD, NEGATIVE, NONE, Mined
from scripts.reader.model import Reader, Shape

PLACES = ["harbor", "depot", "academy", "center", "office", "garden", "library", "station"]
WORDS = ["who", "leads", "the", "?", ".", "ann", "ben", "cleo", "dan", "eve", "fay", "gus", "hal"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *PLACES, "old", "notes"]
PEOPLE = WORDS[5:]


def tokenizer() -> Tokenizer:
    """A token is a word or a mark, in lower case."""
    vocabulary = {word: number for number, word in enumerate(VOCABULARY)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def half(people: list[str], front: str) -> Mined:
    """Who leads which place: passage n answers question n, hits are all passages.

    The last passage holds the words of answer 0 and isn't meant by anybody.
    """
    bodies = [f"{who} leads the {where}." for who, where in zip(people, PLACES, strict=True)]
    passages = [
        CutPassage("notes.txt", at * 100, at * 100 + len(body), front, body, at * 100)
        for at, body in enumerate([*bodies, f"The old {people[0]}."])
    ]
    n = len(people)
    gold = np.full((n, MOST_GOLD), -1, np.int32)
    gold[:, 0] = np.arange(n)
    spans = np.zeros((n, MOST_GOLD, 2), np.int32)
    spans[:, 0, 1] = [len(who) for who in people]
    near = np.full((n, DEPTH), -1, np.int32)
    near[:, : n + 1] = np.arange(n + 1)
    kind = np.where(near >= 0, NEGATIVE, NONE).astype(np.int8)
    kind[np.arange(n), np.arange(n)] = GOLD
    kind[0, n] = HOLDS_TEXT
    far_kind = np.where(near >= 0, NEGATIVE, NONE).astype(np.int8)
    scores = np.linspace(1, 0, DEPTH, dtype=np.float32)[None].repeat(n, 0)
    return Mined(
        questions=tuple(f"Who leads the {where}?" for where in PLACES),
        answers=tuple(people),
        passages=tuple(passages),
        gold=gold,
        spans=spans,
        near=near,
        near_kind=kind,
        near_score=scores,
        far=near.copy(),
        far_kind=far_kind,
        far_score=scores,
    )


def side(front: str = "Old notes") -> tuple[Encoded, Layout]:
    """Sixteen questions, eight of each half."""
    people = [who.capitalize() for who in PEOPLE]
    halves = half(people, front), half(people[::-1], front)
    encoded = encode(halves, tokenizer())
    return encoded, Layout(encoded, tokenizer())


def reader(seed: int = 0, **shape: int) -> Reader:
    torch.manual_seed(seed)
    small = Shape(len(VOCABULARY), positions=32, hidden=16, heads=2, inner=32, layers=2)
    return Reader(replace(small, **shape))
