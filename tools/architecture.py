"""Contract types for import-linter, for rules that its own types cannot say.

They judge direct imports only: what the imported module imports is its own contract's affair.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DirectImportContract(Contract):
    """Reports each direct import that a subclass objects to, with its lines."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001
        """Return what `objections` finds; the signature is import-linter's."""
        found = [
            f"{importer} -> {imported} (l.{_lines(graph, importer, imported)})"
            for importer, imported in sorted(self.objections(graph))
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def objections(self, graph: ImportGraph) -> Iterator[tuple[str, str]]:
        """Yield importer and imported of each import that breaks the contract."""
        raise NotImplementedError

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the findings."""
        for line in check.metadata["found"]:
            output.print_error(f"- {line}", bold=False)
        output.new_line()

    def named(self, option: str) -> list[str]:
        """Return the module names in an option: import-linter puts its parsed value there."""
        modules: Iterable[Any] = getattr(self, option)
        return [module.name for module in modules]


class ClosedContract(DirectImportContract):
    """Says what some packages may import; everything else is refused.

    import-linter's `forbidden` refuses only what somebody thought of naming.

    Options:
        source_modules: packages that may import themselves, the standard library, and
        allowed_modules: packages named here (optional).
    """

    type_name = "closed"

    source_modules = fields.ListField(subfield=fields.ModuleField())
    allowed_modules = fields.ListField(subfield=fields.ModuleField(), required=False, default=())

    def objections(self, graph: ImportGraph) -> Iterator[tuple[str, str]]:
        """Yield imports of anything that is not listed."""
        sources = self.named("source_modules")
        allowed = [*sources, *self.named("allowed_modules"), *sys.stdlib_module_names]
        for source in sources:
            for importer in {source} | graph.find_descendants(source):
                for imported in graph.find_modules_directly_imported_by(importer):
                    if not _within(imported, allowed):
                        yield importer, imported


class ConfinedContract(DirectImportContract):
    """Says who may import some packages; everybody else is refused.

    import-linter's `protected` does the same, but stops with an error at a package that nobody
    imports yet, and so could not guard a door before somebody has walked through it.

    Options:
        confined_modules: packages that are confined, and
        allowed_importers: the packages that may import them.
    """

    type_name = "confined"

    confined_modules = fields.ListField(subfield=fields.ModuleField())
    allowed_importers = fields.ListField(subfield=fields.ModuleField())

    def objections(self, graph: ImportGraph) -> Iterator[tuple[str, str]]:
        """Yield imports by anybody who is not listed."""
        confined = self.named("confined_modules")
        allowed = [*confined, *self.named("allowed_importers")]
        for imported in graph.modules:
            if _within(imported, confined):
                for importer in graph.find_modules_that_directly_import(imported):
                    if not _within(importer, allowed):
                        yield importer, imported


def _within(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    details = graph.get_import_details(importer=importer, imported=imported)
    return ", ".join(str(detail["line_number"]) for detail in details)
