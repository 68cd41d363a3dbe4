"""What others cite says the version that they have."""

import re
import tomllib
from pathlib import Path

import yaml

from reexplore import __version__

ROOT = Path(__file__).parents[1]


def test_the_citation_file_is_of_this_version():
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    # Those that the format requires: https://citation-file-format.github.io, version 1.2.0.
    assert {"cff-version", "message", "title", "authors"} <= said.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert said["version"] == project["version"] == __version__
    assert said["license"] == project["license"]
    (holder,) = re.findall(r"Copyright \(c\) \d+, (.*)", (ROOT / "LICENSE").read_text(encoding="utf-8"))
    assert holder.lower() in {author["name"].lower() for author in said["authors"]}
