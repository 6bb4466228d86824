"""Which prompt a call puts before its texts."""

from __future__ import annotations

from difflib import get_close_matches

from claxon.bundle.manifest import EncoderSpec
from claxon.errors import OptionError

QUERY, DOCUMENT = "query", "document"


def chosen_prompt(spec: EncoderSpec, name: str | None, prompt: str | None) -> str | None:
    """The prompt of that name, or the one given; ``None``, the bundle's own, where neither is.

    Raises:
        OptionError: both are given; the bundle has no prompt of that name; the prompt is no ``str``.
    """
    if prompt is not None and name is not None:
        raise OptionError("give either prompt= or prompt_name=")
    if prompt is not None and not isinstance(prompt, str):
        raise OptionError(f"prompt is {prompt!r:.80}, expected a str that is put before every text")
    if name is None:
        return prompt
    if name not in spec.prompts:
        names = ", ".join(spec.prompts) or "none"
        near = get_close_matches(str(name), spec.prompts, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; prompt= takes the words themselves"
        raise OptionError(f"prompt_name is {name!r:.80}, the bundle's prompts are: {names}{hint}")
    return spec.prompts[name]


def prompt_of_task(spec: EncoderSpec, task: str) -> str | None:
    """The prompt of queries or documents; ``None``, the bundle's own, where the source names no prompts.

    Where it names some, and none for this task, there is none, not the default one: as sentence-transformers has it.
    """
    return spec.prompts.get(task, "") if spec.prompts else None
