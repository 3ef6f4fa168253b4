"""The encoder written out is BERT's, and padding is not seen."""

from pathlib import Path

import torch

from scripts.reader import model, running
from tests.tiny_reader import reader


def test_the_encoder_computes_what_that_of_transformers_does(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=16,
    )
    theirs = BertModel(config).eval()
    theirs.save_pretrained(tmp_path)
    ours = model.from_bert(tmp_path).eval()
    ids = torch.randint(0, 50, (3, 9))
    kinds = (torch.arange(9) > 4).long().expand(3, 9)
    valid = torch.arange(9) < torch.tensor([9, 6, 4])[:, None]
    with torch.no_grad():
        hidden = theirs(ids, attention_mask=valid.long(), token_type_ids=kinds).last_hidden_state
        expected = ours.head(hidden)
        torch.testing.assert_close(ours(ids, kinds, valid)[valid], expected[valid])


def test_padding_changes_no_logit() -> None:
    small = reader().eval()
    ids = torch.tensor([[2, 5, 3, 9, 6, 3]])
    kinds = torch.tensor([[0, 0, 0, 1, 1, 1]])
    padded = torch.nn.functional.pad(ids, (0, 4)), torch.nn.functional.pad(kinds, (0, 4))
    valid = torch.arange(10)[None] < 6
    with torch.no_grad():
        alone, beside = small(ids, kinds), small(*padded, valid)
    torch.testing.assert_close(beside[:, :6], alone)


def test_word_embeddings_are_not_trained() -> None:
    frozen = [name for name, p in reader().named_parameters() if not p.requires_grad]
    assert frozen == ["words.weight"]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    small = reader().eval()
    model.save(small, tmp_path)
    again = model.load(tmp_path)
    assert again.shape == small.shape
    ids = torch.tensor([[2, 5, 3, 9]])
    with torch.no_grad():
        assert torch.equal(again(ids, torch.zeros_like(ids)), small(ids, torch.zeros_like(ids)))


def test_mixed_weights_stand_between_those_of_two_readers(tmp_path: Path) -> None:
    first, second = reader(), reader()
    with torch.no_grad():
        for parameter in second.parameters():
            parameter += 1.0
    model.save(first, tmp_path / "first")
    model.save(second, tmp_path / "second")
    running.mix(str(tmp_path / "first"), str(tmp_path / "second"), 0.75, tmp_path / "mixed")
    mixed = model.load(tmp_path / "mixed")
    for name, parameter in first.named_parameters():
        torch.testing.assert_close(mixed.get_parameter(name), parameter + 0.25)
