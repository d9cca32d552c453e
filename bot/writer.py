"""Answers rewritten by a language model, where there is one and it sticks to the evidence.

The answer is there before the model is asked. What the model writes replaces it only when it stood the
check, sentence by sentence, and not too much of it had to be left out; failing, dawdling, lying and an empty
budget all end in the answer that was there before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.budget import Budget
from bot.draft import Checked, check, evidence, messages, rewritten, sentences
from bot.llm import Model, ModelFailed, Usage
from bot.model import Answer, Progress, Question, Status, silent
from bot.support import Lens

log = logging.getLogger(__name__)

DROPPED = 1 / 3  # share of a draft that may be left out; a model that makes up more is not to be trusted at all


@dataclass(frozen=True)
class Writer:
    """Answers as ``answerer`` does, in the words of ``model`` where they hold. Safe to call from several threads."""

    answerer: Callable[[Question], Answer]
    model: Model
    lens: Lens
    budget: Budget

    def answer(self, question: Question, progress: Progress = silent) -> Answer:
        """Return the final answer. ``progress`` is shown the sentences that stood the check, as they come."""
        return self.rewrite(question, self.answerer(question), progress)

    def rewrite(self, question: Question, plain: Answer, progress: Progress = silent) -> Answer:
        """Return ``plain`` in the model's words where they hold, or as it is."""
        if plain.status is not Status.ANSWERED or not plain.sentences or not self.budget.left(question.asker):
            return plain
        usage = Usage()
        try:
            checked = self._write(question, plain, usage, progress)
        except ModelFailed as error:
            log.warning("%s; the answer is given without it", error)
            return plain
        finally:
            self.budget.spend(question.asker, usage)
        return self._final(plain, checked)

    def _write(self, question: Question, plain: Answer, usage: Usage, progress: Progress) -> Checked:
        known, checked = evidence(plain), Checked()
        for said in sentences(self.model.write(messages(question, plain), usage)):
            checked = check(said, checked, known, self.lens)
            progress(" ".join(s.text for s in checked.sentences))
        return checked

    def _final(self, plain: Answer, checked: Checked) -> Answer:
        for _, why in checked.dropped:
            log.info("a sentence of the model was left out: %s", why)
        said = len(checked.sentences) + len(checked.dropped)
        if not checked.sentences or len(checked.dropped) > DROPPED * said:
            return plain
        return replace(rewritten(plain, checked.sentences), written=True)
