"""A campaign's ensembles in MLflow's model registry: each closed round that had a model gives one version."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reexplore.tracking.model_records import ANSWERED, ASKED, ModelRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

#: The alias of the newest version: `models:/reexplore-cam@newest`.
NEWEST = "newest"
#: Where the folders lie among the artifacts of their round's run: a round may be learned again.
_ARTIFACTS = "ensembles"
_DIGEST, _ROUND, _CAMPAIGN = "reexplore.digest", "reexplore.round", "reexplore.campaign"


def register(client: MlflowClient, model: ModelRecord, *, campaign: str, run_id: str) -> None:
    """Make the registry hold a model as the newest version under its name; one that it holds is not sent again.

    `run_id` is the run of its round, among whose artifacts it lies.
    """
    known = {
        version.tags.get(_DIGEST): version
        for version in client.search_model_versions(f"name = '{model.name}'")
        if version.tags.get(_CAMPAIGN) == campaign
    }
    if (found := known.get(model.digest)) is None:
        place = f"{_ARTIFACTS}/{model.digest}"
        with TemporaryDirectory() as folder:
            _write(model, Path(folder) / model.digest)
            client.log_artifacts(run_id, str(Path(folder) / model.digest), place)
        if not client.search_registered_models(f"name = '{model.name}'"):
            client.create_registered_model(model.name, description=_how(model))
        source = f"{client.get_run(run_id).info.artifact_uri}/{place}"
        tags = {_DIGEST: model.digest, _ROUND: str(model.round), _CAMPAIGN: campaign}
        found = client.create_model_version(model.name, source, run_id, tags=tags, description=model.summary)
    if client.get_registered_model(model.name).aliases.get(NEWEST) != found.version:
        client.set_registered_model_alias(model.name, NEWEST, found.version)


def _write(model: ModelRecord, folder: Path) -> None:
    """Write MLflow's folder: the loader's name, what it reads, signature, example and environment."""
    import pandas as pd
    from mlflow.pyfunc import save_model

    with TemporaryDirectory() as data:
        mine = Path(data) / "campaign"
        mine.mkdir()
        model.write(mine)
        save_model(
            str(folder),
            loader_module=model.loader,
            data_path=str(mine),
            signature=_signature(),
            input_example=pd.DataFrame(model.example, columns=list(ASKED)),
            pip_requirements=list(model.requirements),
            metadata={"round": model.round, "summary": model.summary},
        )


def _signature() -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    asked = Schema([ColSpec("string", name) for name in ASKED])
    # What is not predicted has no number.
    return ModelSignature(asked, Schema([ColSpec(kind, name, required=kind == "string") for name, kind in ANSWERED]))


def _how(model: ModelRecord) -> str:
    return (
        "What a campaign's ensemble says of ligands, in three lines of Python:\n\n"
        "```python\n"
        "import mlflow, pandas as pd\n"
        f'model = mlflow.pyfunc.load_model("models:/{model.name}@{NEWEST}")\n'
        f"model.predict(pd.DataFrame({[dict(zip(ASKED, model.example[0], strict=True))]}))\n"
        "```\n"
    )
