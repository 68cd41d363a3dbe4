"""The labels that were known after each round, as an input of its run: MLflow shows which data a model stands on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reexplore.tracking.exports import digest, labels_table
from reexplore.tracking.records import CampaignRecord, CandidateRow, RoundRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: Among the artifacts of the round's run.
LABELS = "labels.csv"
_COLUMNS = {"smiles": "string", "metal": "string", "group": "string", "dft_kcal_mol": "double"}


def labels_after(record: CampaignRecord, round_: RoundRecord) -> tuple[CandidateRow, ...]:
    """Return the labelled candidates that were chosen up to a round."""
    return tuple(
        row
        for row in record.rows
        if row.dft_kcal_mol is not None and row.round is not None and row.round <= round_.number
    )


def log_labels(client: MlflowClient, record: CampaignRecord, round_: RoundRecord, run_id: str) -> None:
    """Make the labels after a round an input of its run, with their table as its artifact; sent twice it is one."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    rows = labels_after(record, round_)
    client.log_text(run_id, labels_table(rows), LABELS)
    known = Dataset(
        name=f"{record.name} labels after round {round_.number}",
        digest=digest([(row.key, row.dft_kcal_mol) for row in rows])[:8],
        source_type="local",
        source=json.dumps({"uri": f"{client.get_run(run_id).info.artifact_uri}/{LABELS}"}),
        schema=json.dumps({"mlflow_colspec": [{"type": kind, "name": name} for name, kind in _COLUMNS.items()]}),
        profile=json.dumps({"num_rows": len(rows)}),
    )
    client.log_inputs(run_id, [DatasetInput(known, [InputTag("mlflow.data.context", "training")])])
