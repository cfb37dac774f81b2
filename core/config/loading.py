"""Settings from YAML and environment. All problems are found before one is reported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.config import guard_rails
from core.config.consistency import contradictions
from core.config.keys import Key, Value, catalogue, sections
from core.config.settings import Environment, Settings
from core.config.yaml_file import YamlProblem, read_yaml

DIRECTORY = Path(__file__).parent
"""Holds the YAML file of each environment."""

PREFIX = "PANDORA_"
FOREIGN_SECTIONS = frozenset({"GATEWAY"})
"""Sections of other programs, which may share the environment."""

_PLAIN_NAMES = {"CORE_PORT": "core.port"}


class ConfigurationRefused(Exception):
    """The settings do not hold; `problems` has one line for each thing that is wrong."""

    def __init__(self, *problems: str) -> None:
        """Take at least one problem."""
        super().__init__(f"configuration refused: {'; '.join(problems)}")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Given:
    """What was written for one setting: where, under which name, and whether as mere text."""

    raw: object
    source: str
    name: str
    text: bool


def load(environ: Mapping[str, str], directory: Path = DIRECTORY) -> Settings:
    """Read `<APP_ENV>.yaml` in `directory`, lay the environment over it, check everything.

    Raises:
        ConfigurationRefused: with every problem that was found.
    """
    environment = _environment(environ)
    problems: list[str] = []
    given = _from_file(directory / f"{environment.value}.yaml", problems)
    given |= _from_environ(environ, problems)
    values = _parse(given, environment, problems)
    problems += contradictions(values)
    problems += guard_rails.refusals(environment, values)
    if problems:
        raise ConfigurationRefused(*problems)
    sources = {path: item.source for path, item in given.items()}
    return _build(environment, values, sources)


def _environment(environ: Mapping[str, str]) -> Environment:
    words = ", ".join(Environment)
    if "APP_ENV" not in environ:
        raise ConfigurationRefused(f"APP_ENV is not set; it must be one of {words}")
    try:
        return Environment(environ["APP_ENV"])
    except ValueError:
        problem = f"APP_ENV must be one of {words}; it is {environ['APP_ENV'][:40]!r}"
        raise ConfigurationRefused(problem) from None


def _from_file(file: Path, problems: list[str]) -> dict[str, _Given]:
    try:
        content = read_yaml(file)
    except YamlProblem as problem:
        problems.append(str(problem))
        return {}
    given = {}
    for section, keys in content.items():
        if section not in sections():
            problems.append(f"{file.name}: there is no section {section}")
            continue
        for name, raw in keys.items():
            path = f"{section}.{name}"
            if path in catalogue():
                given[path] = _Given(raw, "yaml", f"{path} in {file.name}", text=False)
            else:
                problems.append(f"{file.name}: there is no setting {path}")
    return given


def _from_environ(environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    for variable, path in _named(environ):
        if path not in catalogue():
            problems.append(f"environment: there is no setting {variable}")
        elif path in given and given[path].raw != environ[variable]:
            problems.append(f"environment: {given[path].name} and {variable} contradict each other")
        else:
            given[path] = _Given(environ[variable], "environment", variable, text=True)
    return given


def _named(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that is meant for this program, and the path that it stands for.

    A name without a double underscore is not ours: Kubernetes itself puts such names, like
    PANDORA_CORE_PORT, into every container beside a service called pandora-core.
    """
    by_variable = {key.variable: key.path for key in catalogue().values()}
    for variable in sorted(environ):
        section, separator, _ = variable.removeprefix(PREFIX).partition("__")
        if variable in _PLAIN_NAMES:
            yield variable, _PLAIN_NAMES[variable]
        elif variable.startswith(PREFIX) and separator and section not in FOREIGN_SECTIONS:
            yield variable, by_variable.get(variable, "")


def _parse(
    given: Mapping[str, _Given], environment: Environment, problems: list[str]
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for path, key in catalogue().items():
        if path in given:
            try:
                values[path] = key.parse(given[path].raw, text=given[path].text)
            except ValueError as complaint:
                problems.append(f"{given[path].name} {complaint}")
        elif key.required:
            problems.append(_missing(key, environment))
        else:
            values[path] = key.default
    return values


def _missing(key: Key, environment: Environment) -> str:
    return f"{key.path} is set neither in {environment.value}.yaml nor by {key.variable}"


def _build(
    environment: Environment, values: Mapping[str, Value], sources: Mapping[str, str]
) -> Settings:
    records = {
        section: record(
            **{
                key.name: values[path]
                for path, key in catalogue().items()
                if key.section == section
            }
        )
        for section, record in sections().items()
    }
    return Settings(environment=environment, sources=sources, **records)
