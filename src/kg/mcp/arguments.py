"""The arguments of a call: they are checked against what a tool takes, and errors say what it does take."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kg.core.errors import KgError
from kg.core.spelling import did_you_mean, nearest

LONGEST = 1_000_000
"""The characters of the longest argument."""
_KINDS: Mapping[str, tuple[type, str]] = {
    "string": (str, "a text"),
    "integer": (int, "a whole number"),
    "object": (dict, "an object with names and values"),
}


class BadArguments(KgError):
    """A call with arguments that the tool does not take."""


class ToolArgument(NamedTuple):
    """An argument of a tool."""

    name: str
    kind: str = "string"
    is_required: bool = False
    choices: tuple[str, ...] = ()
    says: str = ""
    least: int = 0

    @property
    def schema(self) -> dict[str, Any]:
        """The argument in JSON Schema."""
        schema: dict[str, Any] = {"type": self.kind}
        if self.choices:
            schema["enum"] = [*self.choices]
        if self.says:
            schema["description"] = self.says
        return schema

    def check(self, tool: str, value: Any) -> None:
        """Refuse a value of another kind. Raises BadArguments."""
        type_, says = _KINDS[self.kind]
        if not isinstance(value, type_) or isinstance(value, bool):
            raise BadArguments(f"{tool}: {self.name} is {says}, not {_shown(value)}")
        if self.choices and value not in self.choices:
            raise BadArguments(f"{tool}: {self.name} is {', '.join(self.choices)}, not {_shown(value)}")
        if isinstance(value, int) and not self.least <= value <= LONGEST:
            raise BadArguments(f"{tool}: {self.name} is from {self.least} to {LONGEST:,}, not {_shown(value)}")
        if isinstance(value, str) and len(value) > LONGEST:
            raise BadArguments(f"{tool}: {self.name} has more than {LONGEST:,} characters")


def _shown(value: Any) -> str:
    text = str(value)
    return f"“{text[:80]}{'…' if len(text) > 80 else ''}”"


def checked(tool: str, takes: Sequence[ToolArgument], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, without those that are null. Raises BadArguments."""
    known = {argument.name: argument for argument in takes}
    present = {name: value for name, value in given.items() if value is not None}
    for name in present:
        if name not in known:
            near = did_you_mean(nearest(name, known))
            raise BadArguments(f"{tool} has no argument {_shown(name)}{near}; it takes {', '.join(known)}")
    for argument in takes:
        if argument.name in present:
            argument.check(tool, present[argument.name])
        elif argument.is_required:
            raise BadArguments(f"{tool} needs {argument.name}: {_example(argument)}")
    return {name: _clean(value) for name, value in present.items()}


def _example(argument: ToolArgument) -> str:
    return argument.says or _KINDS[argument.kind][1]


def _clean(value: Any) -> Any:
    """A value whose texts can be encoded: a lone half of a character becomes a question mark."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_clean(str(name)): _clean(item) for name, item in value.items()}
        case list():
            return [_clean(item) for item in value]
    return value
