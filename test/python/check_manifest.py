"""Reads an InferenceService as JSON from standard input and holds it against KServe's model classes.

KServe's Python package ships classes that are generated from the OpenAPI description of its resources: they name every field with its type, and their
setters refuse what is missing. Types that are Kubernetes' own, such as metadata and resources, are in another package and are not looked into.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import re
import sys
import types
from typing import Any

PLAIN = {"str": str, "bool": bool, "int": int, "float": (int, float), "object": object}


def import_without_parents(package: str) -> None:
    """Makes a package known without running it: KServe's would import servers and clouds, of which its models need none."""
    parts = package.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if name in sys.modules:
            continue
        spec = importlib.machinery.PathFinder.find_spec(
            name, None if count == 1 else sys.modules[".".join(parts[: count - 1])].__path__
        )
        if spec is None or spec.submodule_search_locations is None:
            sys.exit(f"there is no package {name}")
        module = types.ModuleType(name)
        module.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = module


def model_class(name: str) -> Any:
    """The class, or None where it is Kubernetes' own."""
    module = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    module = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", module).lower()
    try:
        return getattr(importlib.import_module(f"kserve.models.{module}"), name)
    except ModuleNotFoundError:
        if name.startswith(("V1beta1", "V1alpha1")):
            raise
        return None


def build(value: Any, kind: str, path: str) -> Any:
    """The value as the class that `kind` names. Raises ValueError for an unknown field, a wrong type or a missing field."""
    listed = re.fullmatch(r"list\[(.+)\]", kind)
    if listed is not None:
        expect(value, list, path)
        return [build(each, listed[1], f"{path}/{index}") for index, each in enumerate(value)]
    mapped = re.fullmatch(r"dict\(str, (.+)\)", kind)
    if mapped is not None:
        expect(value, dict, path)
        return {name: build(each, mapped[1], f"{path}/{name}") for name, each in value.items()}
    if kind in PLAIN:
        expect(value, PLAIN[kind], path)
        return value
    model = model_class(kind)
    return value if model is None else build_model(value, model, path)


def build_model(value: Any, model: Any, path: str) -> Any:
    expect(value, dict, path)
    fields = {json_name: name for name, json_name in model.attribute_map.items()}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise ValueError(f"{path}: {model.__name__} has no field {', '.join(unknown)}")
    types_by_field = model.openapi_types
    given = {fields[name]: build(each, types_by_field[fields[name]], f"{path}/{name}") for name, each in value.items()}
    try:
        return model(**given)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def expect(value: Any, kinds: Any, path: str) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is int):
        raise ValueError(f"{path}: {value!r} is of the wrong type")


def main() -> int:
    import_without_parents("kserve.models")
    try:
        build(json.load(sys.stdin), "V1beta1InferenceService", "")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
