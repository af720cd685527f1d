"""Prints what a generated crate was made from: digests of the specification, of the code generation and of the output.

The crate's test `provenance` computes the same digests, so keep both in step.
"""

import hashlib
import pathlib
import sys


def is_counted(name: str) -> bool:
    """Whether a file has a say in what is generated, or is it: tests have not, and are free to change."""
    return name not in ("PROVENANCE", "test") and not name.startswith("fixture/") and "__pycache__" not in name


def digest_of_tree(root: pathlib.Path) -> str:
    """SHA-256 over each file's path (from the root, with slashes) and content, in the order of the paths."""
    whole = hashlib.sha256()
    files = sorted((path.relative_to(root).as_posix(), path) for path in root.rglob("*") if path.is_file())
    for name, path in files:
        if not is_counted(name):
            continue
        content = path.read_bytes()
        whole.update(f"{len(name)}:{name}:{len(content)}:".encode())
        whole.update(content)
    return whole.hexdigest()


version, spec, codegen, crate = sys.argv[1:]
print("# Made by scripts/generate; the test `provenance` compares it.")
print(f"generator: openapi-generator {version}, rust-axum")
print(f"specification: {hashlib.sha256(pathlib.Path(spec).read_bytes()).hexdigest()}")
print(f"codegen: {digest_of_tree(pathlib.Path(codegen))}")
print(f"output: {digest_of_tree(pathlib.Path(crate))}")
