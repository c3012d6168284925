"""Rules about who may import whom, read from the source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# fmt: off
HEAVY = frozenset({
    "PIL", "cv2", "duckdb", "feedgen", "ftfy", "httpx", "jax", "jinja2", "lightning", "lxml",
    "matplotlib", "nh3", "numpy", "pandas", "pooch", "rdkit", "requests", "scipy", "sklearn", "soundfile",
    "tantivy", "tenacity", "torch", "torchaudio", "torchvision", "transformers",
})
# fmt: on
DOORS = ("__init__", "paper", "cli", "claims", "demo")
_FLOORS = {"": 0, "common": 1, "training": 2, "media": 2, "digest": 4, "cli": 4, "__main__": 5}
_PAPERS = 3


@dataclass(frozen=True)
class Import:
    """One import: the dotted target, the line, and whether it runs when the module is imported."""

    target: str
    line: int
    at_import: bool


def room_of(module: str) -> str:
    """``"hotpapers.digest.store"`` -> ``"digest"``; the package itself is ``""``."""
    return [*module.split("."), ""][1]


def floor_of(room: str) -> int:
    return _FLOORS.get(room, _PAPERS)


def modules(package: Path) -> dict[str, Path]:
    """Dotted name -> file of every module below the package's folder."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(module: str, path: Path) -> Iterator[Import]:
    """All imports of a module, relative ones resolved; ``from a import b`` counts as ``a.b``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def visit(node: ast.AST, at_import: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for name in child.names:
                    yield Import(name.name, child.lineno, at_import)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, *([base] if base else [])])
                for name in child.names:
                    yield Import(f"{base}.{name.name}", child.lineno, at_import)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from visit(ast.Module(child.body, []), False)
                yield from visit(ast.Module(child.orelse, []), at_import)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from visit(child, at_import and not inside)

    yield from visit(tree, True)


def _module_behind(target: str, known: dict[str, Path]) -> str | None:
    """The module of ours that an import target names, or that holds the name."""
    while target and target not in known:
        target = target.rpartition(".")[0]
    return target or None


def upward_imports(package: Path) -> list[str]:
    """Imports that point to a higher floor, or from a paper to another paper, or past a public face."""
    known = modules(package)
    wrong = []
    for module, path in known.items():
        room = room_of(module)
        for found in imports_of(module, path):
            target = _module_behind(found.target, known)
            if target is None or room_of(target) == room:
                continue
            other = room_of(target)
            where = f"{module}:{found.line} imports {target}"
            if floor_of(other) > floor_of(room):
                wrong.append(f"{where}: floor {floor_of(other)} is above floor {floor_of(room)}")
            elif floor_of(other) == floor_of(room) == _PAPERS:
                wrong.append(f"{where}: a paper never imports another paper")
            elif floor_of(other) == _PAPERS and target.count(".") > 1:
                wrong.append(f"{where}: only the paper's public face hotpapers.{other} may be used")
    return wrong


def circles(package: Path) -> list[str]:
    """Rooms that import each other in a circle, each circle once."""
    known = modules(package)
    graph: dict[str, set[str]] = {}
    for module, path in known.items():
        for found in imports_of(module, path):
            target = _module_behind(found.target, known)
            if target is not None and room_of(target) and room_of(target) != room_of(module):
                graph.setdefault(room_of(module), set()).add(room_of(target))
    found_circles: dict[frozenset[str], str] = {}

    def walk(room: str, path: list[str]) -> None:
        if room in path:
            circle = path[path.index(room) :]
            found_circles.setdefault(frozenset(circle), " -> ".join([*circle, room]))
            return
        for other in sorted(graph.get(room, ())):
            walk(other, [*path, room])

    for room in sorted(graph):
        walk(room, [])
    return list(found_circles.values())


def heavy_doors(package: Path) -> list[str]:
    """Doors that bring in a heavy library when they are imported, with the way it comes in.

    The doors: the front door, all of common/, and every room's cli, paper and claims, each with the
    packages above it.
    """
    known = modules(package)
    doors = [
        name
        for name in known
        if room_of(name) in {"", "cli", "common"} or name.rpartition(".")[2] in {"cli", "paper", "claims"}
    ]

    def heavy_ways(module: str, way: tuple[str, ...], seen: set[str]) -> Iterator[str]:
        if module in seen:
            return
        seen.add(module)
        parent = module.rpartition(".")[0]
        if parent:
            yield from heavy_ways(parent, (*way, parent), seen)
        for found in imports_of(module, known[module]):
            if not found.at_import:
                continue
            if found.target.partition(".")[0] in HEAVY:
                library = found.target.partition(".")[0]
                yield f"{' -> '.join(way)} imports {library} at line {found.line}: import it where it is used"
            target = _module_behind(found.target, known)
            if target is not None:
                yield from heavy_ways(target, (*way, target), seen)

    return [way for door in doors for way in heavy_ways(door, (door,), set())]


def missing_doors(package: Path) -> list[str]:
    """Papers' rooms that lack one of the doors that every room has."""
    known = modules(package)
    papers = {room_of(name) for name in known if name.count(".") > 1 and floor_of(room_of(name)) == _PAPERS}
    return [
        f"{room}/ has no {door}.py"
        for room in sorted(papers)
        for door in DOORS
        if not (package / room / f"{door}.py").is_file()
    ]


def shadowed_names(package: Path) -> list[str]:
    """Names that a lazy face shares with a module: once the module is imported, it hides the name."""
    wrong = []
    for module, path in modules(package).items():
        if path.name != "__init__.py":
            continue
        bound = {found.target.rpartition(".")[2] for found in imports_of(module, path) if found.at_import}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and any(
                ast.unparse(target) == "__all__" for target in node.targets
            ):
                beside = {other.stem for other in path.parent.iterdir()}
                names = sorted((set(ast.literal_eval(node.value)) & beside) - bound)
                wrong += [f"{module}.{name} is both a name of the face and a module" for name in names]
    return wrong
