"""When two answers say the same."""

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and extra space.

    As the evaluation script of SQuAD (Rajpurkar et al. 2016) has it.
    """
    plain = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def f1_of(text: str, answer: str) -> float:
    """F1 of the normalised words that two answers share, in [0, 1], by the same script."""
    given, wanted = normalised(text).split(), normalised(answer).split()
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted)) if common else 0.0
