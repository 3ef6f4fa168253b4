"""The learning rate: warmed up, constant as long as the run lasts, then decayed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Constant in the middle, so that a run may stop and go on at any step (Hu et al. 2024).

    Attributes:
        peak: learning rate between warm-up and decay.
        warmup: steps over which it rises from 0.
        decay_from, decay: the step at which it begins to fall, and steps until it is 0; None
            while nobody has said that the run shall end.
    """

    peak: float = 1.5e-4
    warmup: int = 200
    decay_from: int | None = None
    decay: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 0."""
        rate = self.peak * min(1.0, (step + 1) / self.warmup)
        if self.decay_from is not None and step >= self.decay_from:
            rate *= max(0.0, 1 - (step - self.decay_from) / self.decay)
        return rate

    def ends(self, step: int) -> bool:
        """Whether nothing is left to learn at a step."""
        return self.decay_from is not None and step >= self.decay_from + self.decay
