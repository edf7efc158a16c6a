"""From a problem to what the model reads. The same text is sampled from and trained on."""

from rft.config.schema import PromptConfig
from rft.errors import InputError
from rft.types import Message, Problem, Prompt


def render(problem: Problem, config: PromptConfig) -> Prompt:
    """Returns the full prompt of a problem: chat messages, or plain text for a base model.

    Raises:
        InputError: the problem holds chat messages, but the config asks for plain text.
    """
    if config.style == "plain":
        return _plain(problem, config)
    return _chat(problem, config)


def _chat(problem: Problem, config: PromptConfig) -> tuple[Message, ...]:
    own = (_user(problem.prompt, config),) if isinstance(problem.prompt, str) else problem.prompt
    messages: list[Message] = []
    if config.system is not None and own[0]["role"] != "system":
        messages.append({"role": "system", "content": config.system})
    for example in config.examples:
        messages.append(_user(example.prompt, config))
        messages.append({"role": "assistant", "content": example.completion})
    if own[0]["role"] == "system":  # a problem's own system prompt stays first
        return (own[0], *messages, *own[1:])
    return (*messages, *own)


def _plain(problem: Problem, config: PromptConfig) -> str:
    if not isinstance(problem.prompt, str):
        raise InputError(f"problem {problem.id} holds chat messages; prompt.style 'plain' takes text only, 'chat' both")
    parts = [] if config.system is None else [config.system]
    parts += [f"{_turn(example.prompt, config)} {example.completion}" for example in config.examples]
    return "\n\n".join([*parts, _turn(problem.prompt, config)])


def _user(text: str, config: PromptConfig) -> Message:
    return {"role": "user", "content": _turn(text, config)}


def _turn(text: str, config: PromptConfig) -> str:
    # replace, not format: a question may hold braces of its own
    return config.turn.replace("{prompt}", text)
