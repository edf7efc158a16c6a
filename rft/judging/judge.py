"""The one piece that puts completions to a verifier: truncated ones apart, unjudged ones again."""

from rft.types import FinishReason, Outcome, Problem, Reason, Sample, Verdict, Verifier


def judge(problem: Problem, samples: list[Sample], verifier: Verifier, retries: int) -> list[Verdict]:
    """Returns one verdict per sample, in order; the verifier is not asked about truncated ones.

    Unjudged samples are judged again up to ``retries`` times, unless the reference itself is bad.
    """
    verdicts = [
        Verdict(Outcome.TRUNCATED, verifier.id, Reason.TOKEN_LIMIT) if s.finish_reason is FinishReason.LENGTH else None
        for s in samples
    ]
    for _ in range(retries + 1):
        todo = [i for i, verdict in enumerate(verdicts) if verdict is None or _worth_another_try(verdict)]
        if not todo:
            break
        for i, verdict in zip(todo, verifier.verify(problem, [samples[i].text for i in todo]), strict=True):
            verdicts[i] = verdict
    return [verdict for verdict in verdicts if verdict is not None]


def _worth_another_try(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.UNJUDGED and verdict.reason is not Reason.BAD_REFERENCE
