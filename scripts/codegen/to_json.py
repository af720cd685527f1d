"""Prints a YAML specification as JSON."""

import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """YAML as JSON knows it: times stay the strings that they are."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

with open(sys.argv[1], encoding="utf-8") as file:
    json.dump(yaml.load(file, Loader), sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
