"""The registry holds one version of each ensemble, whatever is sent how often, and can be told again from nothing."""

from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from reexplore.tracking.model_records import ModelRecord
from reexplore.tracking.model_registry import register


def record(number, digest):
    def write(folder: Path):
        (folder / "weights.txt").write_text(digest)

    example = (("CNC(=O)[O-:11]", "La"),)
    return ModelRecord("reexplore-x", number, digest, f"after {number}", "os.path", write, example, ("numpy==2.0.0",))


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Return a client and the run of a store that was sent the models of two rounds, the second one twice."""
    folder = tmp_path_factory.mktemp("registry")
    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.create_experiment("x", artifact_location=(folder / "artifacts").as_uri())
    run_id = client.create_run(experiment).info.run_id
    for model in (record(1, "aa"), record(2, "bb"), record(2, "bb")):
        register(client, model, campaign="one", run_id=run_id)
    return client, run_id


def versions(client):
    return client.search_model_versions("name = 'reexplore-x'", order_by=["version_number ASC"])


def test_each_round_has_one_version_and_the_newest_has_the_alias(registry):
    client, run_id = registry
    assert [v.tags["reexplore.round"] for v in versions(client)] == ["1", "2"]
    assert client.get_model_version_by_alias("reexplore-x", "newest").tags["reexplore.digest"] == "bb"
    assert "load_model" in client.get_registered_model("reexplore-x").description
    # An earlier model that comes again, as from a round that was learned again, is no new version.
    register(client, record(1, "aa"), campaign="one", run_id=run_id)
    assert len(versions(client)) == 2
    assert client.get_model_version_by_alias("reexplore-x", "newest").tags["reexplore.digest"] == "aa"
    # Another campaign of the same name in the same store keeps its own.
    register(client, record(1, "aa"), campaign="two", run_id=run_id)
    assert [v.tags["reexplore.campaign"] for v in versions(client)] == ["one", "one", "two"]


def test_the_folder_names_its_loader_signature_example_and_environment_and_holds_no_pickle(registry):
    folder = Path(versions(registry[0])[0].source.removeprefix("file://"))
    said = yaml.safe_load((folder / "MLmodel").read_text())
    assert said["flavors"]["python_function"]["loader_module"] == "os.path"
    assert '"name": "smiles"' in said["signature"]["inputs"]
    assert '"name": "predicted_kcal_mol"' in said["signature"]["outputs"]
    assert "numpy==2.0.0" in (folder / "requirements.txt").read_text()
    assert (folder / "input_example.json").is_file()
    # Each has its own, though both lie in one run.
    assert (folder / "data" / "campaign" / "weights.txt").read_text() == "aa"
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
