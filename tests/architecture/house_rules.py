"""The house rules that a machine can check, as pure functions from source to complaints.

A source is read with `ast`, never imported. A complaint is one line: where, what, and what to do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

OURS = ("inspect_pipeline", "plant_config", "db", "run_pipeline")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.Lambda


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file: its path from the root of the project and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @property
    def module(self) -> str:
        """Dotted name: `db/__init__.py` is `db`."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.path.parts

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module with the line it stands on; `name` is absolute."""

    name: str
    node: ast.stmt


def read(root: Path, folders: Iterable[str]) -> list[Source]:
    """Every Python file below the folders (or the file itself), in a fixed order."""
    paths: list[Path] = []
    for folder in folders:
        place = root / folder
        paths += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [
        Source(path=PurePosixPath(path.relative_to(root)), text=path.read_text(encoding="utf-8"))
        for path in paths
    ]


def imports_of(source: Source, modules: frozenset[str] = frozenset()) -> list[Import]:
    """All imports, also lazy ones; `from a import b` is a.b where that is one of `modules`."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found += [Import(name=alias.name, node=node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            longer = [f"{node.module}.{alias.name}" for alias in node.names]
            known = [name for name in longer if name in modules]
            whole = [node.module] if len(known) < len(longer) else []
            found += [Import(name=name, node=node) for name in [*whole, *known]]
    return found


def relative_imports(source: Source) -> list[str]:
    return [
        f"{source.at(node)} imports relatively: write the absolute name"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def import_cycles(sources: Iterable[Source]) -> list[str]:
    """One complaint per cycle of modules, lazy imports included."""
    sources = list(sources)
    modules = frozenset(source.module for source in sources)
    graph = {
        source.module: sorted(
            {found.name for found in imports_of(source, modules)} & modules - {source.module}
        )
        for source in sources
    }
    done: set[str] = set()
    complaints = []
    for module in sorted(graph):
        if cycle := _cycle_from(module, graph, [], done):
            complaints.append(f"import cycle: {' -> '.join(cycle)}")
            done.update(cycle)
    return complaints


def _cycle_from(
    module: str, graph: dict[str, list[str]], trail: list[str], done: set[str]
) -> list[str]:
    if module in trail:
        return [*trail[trail.index(module) :], module]
    if module in done:
        return []
    for imported in graph[module]:
        if cycle := _cycle_from(imported, graph, [*trail, module], done):
            return cycle
    done.add(module)
    return []


def broad_excepts(source: Source) -> list[str]:
    """`except:`, `except Exception` and `except BaseException`, also inside a tuple.

    A handler whose last statement is a bare `raise` cleans up and hides nothing: it is allowed.
    """
    complaints = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler) or _passes_on(node):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {dotted(kind) for kind in caught if kind is not None}
        if node.type is None or names & {"Exception", "BaseException"}:
            complaints.append(f"{source.at(node)} catches everything: name what you can answer")
    return complaints


def _passes_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def prints(source: Source) -> list[str]:
    return [
        f"{source.at(call)} prints: log it" for call in calls(source) if name_of(call) == "print"
    ]


def unsafe_loads(source: Source) -> list[str]:
    """Pickle in any of its guises: a file must not be able to run code."""
    advice = "use safetensors, JSON or plain NumPy"
    complaints = [
        f"{source.at(found.node)} imports {found.name}: {advice}"
        for found in imports_of(source)
        if found.name.split(".")[0] in PICKLES and not _imports_errors_only(found.node)
    ]
    for call in calls(source):
        pickled = [word for word in call.keywords if word.arg == "allow_pickle"]
        is_allowed = any(
            not (isinstance(word.value, ast.Constant) and word.value.value is False)
            for word in pickled
        )
        is_pickling = name_of(call) in {"torch.load", "torch.save"} and not _loads_weights_only(
            call
        )
        if is_pickling or is_allowed:
            complaints.append(f"{source.at(call)} calls {name_of(call)}: {advice}")
    return complaints


def _loads_weights_only(call: ast.Call) -> bool:
    """`torch.load(..., weights_only=True)`, in so many words, reads tensors and runs nothing."""
    return name_of(call) == "torch.load" and any(
        word.arg == "weights_only"
        and isinstance(word.value, ast.Constant)
        and word.value.value is True
        for word in call.keywords
    )


def _imports_errors_only(node: ast.stmt) -> bool:
    """Whoever reads weights only must be able to catch what that raises."""
    return isinstance(node, ast.ImportFrom) and all(
        alias.name.endswith("Error") for alias in node.names
    )


PICKLES = frozenset({"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve"})


def work_at_import(source: Source) -> list[str]:
    """Calls while importing that open a file, an engine, a device, or ask clock or environment."""
    complaints = []
    for node in _run_at_import(source.tree):
        if isinstance(node, ast.Call) and _touches_the_world(name_of(node)):
            complaints.append(
                f"{source.at(node)} calls {name_of(node)} at import: do it in a function"
            )
        if isinstance(node, ast.Attribute) and dotted(node) == "os.environ":
            complaints.append(f"{source.at(node)} reads the environment at import")
    return complaints


WORLDLY_CALLS = frozenset(
    {
        "open", "input", "create_engine", "connect", "sessionmaker", "urlopen", "getenv",
        "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "touch", "unlink",
        "imread", "imwrite", "VideoCapture", "load_file", "save_file", "basicConfig",
        "InferenceSession", "manual_seed", "set_num_threads", "setNumThreads", "run", "Popen",
        "system", "sleep", "cuda", "is_available", "urandom", "Thread", "Process", "Pool",
    }
)  # fmt: skip
WORLDLY_NAMES = frozenset(
    {"torch.load", "torch.device", "np.load", "np.save", "json.load", "tomllib.load"}
    | {"datetime.now", "datetime.utcnow", "datetime.datetime.now", "date.today", "time.time"}
    | {"Path.cwd", "Path.home", "socket.socket"}
)
WORLDLY_MODULES = ("subprocess.", "requests.", "httpx.", "random.", "np.random.", "torch.cuda.")


def _touches_the_world(name: str) -> bool:
    return (
        name.rsplit(".", maxsplit=1)[-1] in WORLDLY_CALLS
        or name in WORLDLY_NAMES
        or name.startswith(WORLDLY_MODULES)
    )


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs while importing: decorators and defaults do, function bodies and main do not."""
    if isinstance(node, ast.If) and _asks_for_main(node.test):
        return
    yield node
    for child in _children_run_at_import(node):
        yield from _run_at_import(child)


def _children_run_at_import(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, Definition):
        defaults = [*node.args.defaults, *(value for value in node.args.kw_defaults if value)]
        return [*defaults, *getattr(node, "decorator_list", [])]
    return list(ast.iter_child_nodes(node))


def _asks_for_main(test: ast.expr) -> bool:
    return "__name__" in {getattr(node, "id", None) for node in ast.walk(test)}


def oversized(source: Source) -> list[str]:
    """Files and functions that a reader gets lost in; migrations are history and may be long."""
    if source.is_migration:
        return []
    complaints = []
    lines = len(source.text.splitlines())
    if lines > MAX_FILE_LINES:
        complaints.append(
            f"{source.path} has {lines} lines, {MAX_FILE_LINES} are allowed: split it"
        )
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                complaints.append(f"{source.at(node)} {node.name} has {length} lines: split it")
    return complaints


def calls(source: Source) -> list[ast.Call]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    return dotted(call.func)


def dotted(node: ast.AST) -> str:
    """`a.b.c` as written; what is not a plain name becomes an empty first part."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""
