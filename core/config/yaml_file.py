"""One environment's YAML file: sections of keys, each written once."""

from collections.abc import Mapping
from pathlib import Path

import yaml

Sections = Mapping[str, Mapping[str, object]]


class YamlProblem(Exception):
    """The file cannot be used; the message names file and line, never what stands there."""


class _OnceLoader(yaml.SafeLoader):
    """Refuses a key that is written twice, which YAML forbids and PyYAML lets pass."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(file: Path) -> Sections:
    """Return the keys of each section.

    Raises:
        YamlProblem: the file is missing, unreadable, no YAML, or not sections of keys.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _OnceLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise YamlProblem(f"{file.name} cannot be read: {type(error).__name__}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise YamlProblem(f"{file.name} line {line}: {error.problem}") from None
    except (yaml.YAMLError, TypeError) as error:
        raise YamlProblem(f"{file.name} is no YAML: {type(error).__name__}") from None
    return _sections(file.name, {} if content is None else content)


def _sections(name: str, content: object) -> Sections:
    if not isinstance(content, dict):
        raise YamlProblem(f"{name} must hold sections of settings")
    sections: dict[str, Mapping[str, object]] = {}
    for section, keys in content.items():
        if not isinstance(keys, dict | None):
            raise YamlProblem(f"{name}: section {section} must hold settings")
        sections[str(section)] = {str(key): value for key, value in (keys or {}).items()}
    return sections
