"""When a run fails."""

from __future__ import annotations

from collections.abc import Sequence

from physcheck.cli.terminal import Terminal
from physcheck.errors import ConfigurationError
from physcheck.records import FLAG_PROBABILITY, Report, Unread
from physcheck.render import wording
from physcheck.rules import Pack

__all__ = ["Gate"]


class Gate:
    """Counts what speaks against the clips.

    Attributes:
        tripped: whether it is too much.
    """

    def __init__(
        self,
        min_score: float | None = None,
        fail_on: Sequence[str] | None = None,
        max_violations: int | None = None,
    ) -> None:
        """Say what is let pass.

        Args:
            min_score: no clip may score less; a clip without a score may.
            fail_on: rules or groups whose violations count, separated by commas; all by default.
            max_violations: so many are let pass; where only a score is asked for, any number.
        """
        words = [word.strip() for item in fail_on or () for word in item.split(",")]
        self._names = frozenset(filter(None, words))
        self._min_score = min_score
        only_score = min_score is not None and not self._names and max_violations is None
        self._most = None if only_score else max_violations or 0
        self._low: list[str] = []
        self._n_violations = 0

    def check_names(self, pack: Pack) -> None:
        """Refuse names that the pack does not have.

        Raises:
            ConfigurationError: it has none of that name.
        """
        known = {name for rule in pack.rules for name in (rule.name, rule.group)}
        for name in sorted(self._names - known):
            raise ConfigurationError(f"--fail-on: no rule and no group is called '{name}'")

    def add(self, outcome: Report | Unread) -> None:
        """Count a clip."""
        if isinstance(outcome, Unread):
            return
        self._n_violations += sum(
            one.probability >= FLAG_PROBABILITY
            and (not self._names or one.rule in self._names or one.group in self._names)
            for one in outcome.violations
        )
        score = outcome.score
        if self._min_score is not None and score is not None and score < self._min_score:
            self._low.append(outcome.video.path)

    @property
    def tripped(self) -> bool:
        too_many = self._most is not None and self._n_violations > self._most
        return too_many or bool(self._low)

    def say(self, terminal: Terminal) -> None:
        """Tell on stderr what tripped it, or that nothing did."""
        if not self.tripped:
            terminal.note("passed")
        if self._most is not None and self._n_violations > self._most:
            found = wording.count(self._n_violations, "violation")
            terminal.warn(f"failed: {found}, {self._most} let pass")
        if self._low:
            rest = f" and {len(self._low) - 3} more" if len(self._low) > 3 else ""
            names = "".join(c if c.isprintable() else "?" for c in ", ".join(self._low[:3]))
            terminal.warn(f"failed: score below {self._min_score:g}: {names}{rest}")
