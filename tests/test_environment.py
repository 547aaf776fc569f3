"""pyproject, the pins and the two conda environments agree; Binder's builder accepts the tree; no file names a host."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}
BINDER_NAMES = CONDA_NAMES | {"torch": "pytorch-cpu"}
CONDA_ONLY = {"python", "pip", "setuptools"}
# Put together here, or this file would be the one that names them.
HOSTS = tuple(".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"), ("anaconda", "com"), ("npmjs", "org"),
    ("npmjs", "com"), ("proxy", "golang", "org"), ("debian", "org"),
))  # fmt: skip
TORCH_HOST = "download." + "pytorch.org"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
TEST = [Requirement(line) for extra in ("test", "html") for line in PROJECT["optional-dependencies"][extra]]

BENCH = [Requirement(line) for line in PROJECT["optional-dependencies"]["bench"]]


def lower_bound(requirement: Requirement) -> str:
    (specifier,) = [one for one in requirement.specifier if one.operator == ">="]
    return specifier.version


def conda_bounds(path: str) -> dict[str, str]:
    """Lower bounds by name; those of the `pip:` part under pip's names."""
    lines = []
    for entry in yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["dependencies"]:
        lines += [entry] if isinstance(entry, str) else entry["pip"]
    pairs = [re.fullmatch(r"([a-z0-9-]+)(?:(>=|=)([0-9.]+))?", line) for line in lines]
    assert all(pairs), f"{path}: every line is name, name>=bound or name=version"
    return {pair[1]: pair[3] for pair in pairs if pair}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs), "a pin is name==version and nothing else"
    return dict(pairs)


@pytest.mark.parametrize(
    ("path", "requirements", "names"),
    [("environment.yml", RUNTIME + TEST, CONDA_NAMES), ("binder/environment.yml", RUNTIME, BINDER_NAMES)],
)
def test_conda_environments_have_the_same_packages_and_bounds(path, requirements, names):
    expected = {names.get(one.name, one.name): lower_bound(one) for one in requirements}
    found = {name: bound for name, bound in conda_bounds(path).items() if name not in CONDA_ONLY}
    assert found == expected


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_conda_environments_name_one_exact_python_that_the_course_supports(path):
    assert conda_bounds(path)["python"] == "3.12"
    assert yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["channels"][0] == "conda-forge"


@pytest.mark.parametrize("requirement", RUNTIME + TEST + BENCH, ids=lambda requirement: requirement.name)
def test_every_requirement_is_pinned_within_its_range(requirement):
    assert requirement.specifier.contains(pins()[requirement.name])


def test_pins_hold_on_every_machine():
    assert [name for name in pins() if re.match(r"nvidia-|cuda-|triton", name)] == []
    assert [version for version in pins().values() if Version(version).local] == []


def test_torch_and_torchvision_are_a_pair():
    torch, torchvision = Version(pins()["torch"]), Version(pins()["torchvision"])
    # A torchvision says in its metadata which torch it was built for.
    stated = [Requirement(line) for line in importlib.metadata.requires("torchvision") or []]
    (built_for,) = [one.specifier for one in stated if one.name == "torch"]
    if importlib.metadata.version("torchvision").startswith(str(torchvision)):
        assert built_for.contains(torch)


def tracked_files() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listing.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_no_file_names_a_package_registry():
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        named = [host for host in HOSTS if host in text]
        if path.name != "torch_build.py" and TORCH_HOST in text:
            named.append(TORCH_HOST)
        assert named == [], f"{path} names {named}"


# Where machines keep what is somebody's own; what precedes tells an absolute path from a part of another one.
PLACES = re.compile(r"(?<![\w.~$})/+-])/(?:home|root|Users|work|mnt|scratch)/[\w.-]+")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('open("/home/someone/data")', "/home/someone"),
        ("in /root/.cache", "/root/.cache"),
        ("DATA=/work/data\n", "/work/data"),
        ("work/03.ipynb, ~/work/03, $HOME/work/03, {root}/work/03, ../work/03", None),
        ("https://example.org/home/page", None),
    ],
)
def test_an_absolute_path_is_told_from_others(text, place):
    found = PLACES.search(text)
    assert (found and found[0]) == place


def test_no_file_names_a_folder_of_the_authors_machine():
    for path in tracked_files():
        if path.is_relative_to(ROOT / "tests"):
            continue  # tests have made-up paths, such as those above
        text = path.read_bytes().decode("utf-8", errors="ignore")
        assert PLACES.findall(text) == [], path


@pytest.mark.parametrize("name", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_can_be_run(name):
    assert os.access(ROOT / name, os.X_OK)
    assert subprocess.run(["bash", "-n", str(ROOT / name)]).returncode == 0


def test_post_build_stops_at_the_first_failure():
    lines = (ROOT / "binder/postBuild").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "set -e"


def test_binder_start_keeps_threads_to_one_core_and_hands_over():
    command = [str(ROOT / "binder/start"), "sh", "-c", "echo $OMP_NUM_THREADS $1", "-", "an argument"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "1 an argument\n"


def test_repo2docker_accepts_the_tree(monkeypatch):
    buildpacks = pytest.importorskip("repo2docker.buildpacks")
    monkeypatch.chdir(ROOT)
    pack = buildpacks.CondaBuildPack("a-base-image")
    pack.platform = "linux/amd64"
    assert pack.detect()
    assert pack.python_version == "3.12"
    assert Path(pack.environment_yaml_path) == Path("binder/environment.yml")
    dockerfile = pack.render(build_args={"NB_USER": "learner", "NB_UID": "1000"})
    assert "binder/environment.yml" in dockerfile
    assert "postBuild" in dockerfile
    assert "binder/start" in dockerfile
    assert not any(kind("a-base-image").detect() for kind in (buildpacks.DockerBuildPack, buildpacks.NixBuildPack))


def test_readme_has_the_table_of_lessons():
    import sys

    sys.path.insert(0, str(ROOT / "tools"))
    from lesson_table import lesson_rows, table
    from marked import with_region

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == with_region(text, "lessons", table(lesson_rows())), "run: make readme"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/instructors.md"])
def test_relative_links_lead_somewhere(name):
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/instructors.md"])
def test_texts_name_only_make_targets_that_exist(name):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
