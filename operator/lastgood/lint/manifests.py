"""Reads YAML and JSON files into documents that remember on which line each field stands.

PyYAML's own constructor keeps the last of two equal keys and says nothing, so keys are compared here on the nodes.
An unquoted date stays text, as for kubectl.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, Final

import yaml

from lastgood.lint.finding import Finding, Path

SUFFIXES: Final = (".yaml", ".yml", ".json")


class UnreadableError(Exception):
    """A file that is no YAML; the text says where it ceases to be."""


class _Loader(yaml.SafeLoader):
    """Knows numbers, booleans and null; a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Manifest:
    """One document of one file."""

    file: str
    value: Any
    node: yaml.Node
    repeated: tuple[Finding, ...] = ()
    """Keys that stand twice in one mapping."""

    @property
    def kind(self) -> str:
        """The document's kind; empty where it has none."""
        kind = self.value.get("kind") if isinstance(self.value, dict) else None
        return kind if isinstance(kind, str) else ""

    @property
    def name(self) -> str:
        """The object's name; empty where it has none."""
        metadata = self.value.get("metadata") if isinstance(self.value, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        return name if isinstance(name, str) else ""

    def line(self, path: Path) -> int:
        """Return the line, from 1, of a field, or of the nearest one around it that is written down."""
        node, line = self.node, self.node.start_mark.line + 1
        for part in path:
            found = _below(node, part)
            if found is None:
                break
            line, node = found
        return line

    def written(self, path: Path) -> str:
        """Return the text of a number, a boolean or a string as it stands in the file; empty for anything else."""
        node: yaml.Node | None = self.node
        for part in path:
            found = None if node is None else _below(node, part)
            node = None if found is None else found[1]
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def read(file: str, text: str) -> Iterator[Manifest]:
    """Read all documents of a text, lists of kind `List` taken apart. Raises UnreadableError."""
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            repeated = tuple(_repeated(node, (), set()))
            value = loader.construct_document(node)
            if value is not None:
                yield from _items(Manifest(file, value, node, repeated))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark is not None else file
        problem = getattr(error, "problem", None) or str(error)
        raise UnreadableError(f"{where}: not YAML: {problem}") from error


def files(paths: tuple[str, ...]) -> Iterator[File]:
    """Return the files that are named, and those below directories, in order."""
    for each in paths:
        path = File(each)
        if path.is_dir():
            yield from sorted(
                found for found in path.rglob("*") if found.suffix in SUFFIXES and found.is_file()
            )
        else:
            yield path


def _items(manifest: Manifest) -> Iterator[Manifest]:
    items = manifest.value.get("items") if manifest.kind == "List" else None
    if not isinstance(items, list):
        yield manifest
        return
    found = _below(manifest.node, "items")
    for place, item in enumerate(items):
        below = None if found is None else _below(found[1], place)
        yield Manifest(manifest.file, item, manifest.node if below is None else below[1])


def _below(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # of two equal keys the last one counts
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        below = node.value[part]
        return below.start_mark.line + 1, below
    return None


def _repeated(node: yaml.Node, path: Path, seen: set[int]) -> Iterator[Finding]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            if key.value in keys and key.tag != "tag:yaml.org,2002:merge":
                yield Finding(here, "stands twice; only the last one counts, so remove one", "repeated-key")
            keys.add(str(key.value))
            yield from _repeated(value, here, seen)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _repeated(value, (*path, place), seen)
