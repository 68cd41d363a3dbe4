"""One member of the ensemble: an Allegro network on top of a linear prior, trained, saved and asked.

Importing this module loads torch, nequip and allegro (seconds): import it where a member is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from allegro.model import AllegroModel
from nequip.data import AtomicDataDict
from nequip.utils.global_state import set_global_state
from numpy.typing import NDArray
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.screening.arrays import Complexes
from reexplore.surrogate.base import MemberReport
from reexplore.surrogate.device import chosen_device
from reexplore.surrogate.graphs import Graph, mean_neighbours, moved, star_graph, structure_graph
from reexplore.surrogate.metal_neighbours import ELEMENTS, linear_part
from reexplore.surrogate.residual import Residual
from reexplore.surrogate.samples import Sample, composition, folds, targets_kcal_mol
from reexplore.surrogate.settings import AllegroSettings

FILE_VERSION = 1

#: From this many training samples on, one in eight is kept aside to decide when to stop. With fewer
#: the loss of samples and the noise of so few costs more than it saves.
_HOLD_OUT_FROM = 150
_HOLD_OUT_PARTS = 8

#: With fewer samples training ends at this mean error, in standard deviations of the residual:
#: going on would only memorise.
_LEARNED = 0.1

#: Complexes whose graphs are evaluated together: bounds the memory, changes no result.
_AT_ONCE = {"cpu": 256, "cuda": 4096}
#: Graphs of every atom have a hundred times the edges.
_WHOLE_AT_ONCE = 256


@dataclass(frozen=True)
class _Member:
    """A trained network and what it was to learn."""

    settings: AllegroSettings
    residual: Residual
    neighbours: float
    network: torch.nn.Module

    def predict(self, samples: Sequence[Sample], graphs: Sequence[Graph]) -> NDArray[np.float64]:
        said = _evaluate(self.network, graphs, self.settings.batch_size).cpu().numpy()
        linear = self.residual.prior.predict([composition(sample) for sample in samples])
        return linear + self.residual.added_kcal_mol(said)

    def save(self, path: Path) -> None:
        content = {
            "version": FILE_VERSION,
            "settings": self.settings.declaration(),
            **self.residual.to_dict(),
            "neighbours": self.neighbours,
            "weights": {name: value.cpu() for name, value in self.network.state_dict().items()},
        }
        torch.save(content, path)

    @classmethod
    def load(cls, path: Path) -> _Member:
        content = torch.load(path, weights_only=True)
        if content["version"] != FILE_VERSION:
            raise InputError(
                f"{path} is a member file of version {content['version']}; this reexplore reads version {FILE_VERSION}:"
                " train the members again"
            )
        settings = AllegroSettings(**content["settings"])
        network = _network(settings, neighbours=content["neighbours"], seed=0)
        network.load_state_dict(content["weights"])
        return cls(
            settings=settings,
            residual=Residual.from_dict(content),
            neighbours=content["neighbours"],
            network=network,
        )


def train_member(
    samples: Sequence[Sample],
    *,
    settings: AllegroSettings,
    member: int,
    members: int,
    seed: int,
    path: Path,
    whole_ligands: bool = False,
) -> MemberReport:
    """Train member number `member` on every fold but its own and save it to `path`.

    The network learns what a composition-linear ridge fit on the same samples leaves, in units of its
    standard deviation, by the mean absolute error. With at least 150 samples one in eight decides when
    to stop; with fewer, training stops once it has learned its samples. Two runs with the same seed
    on one thread of a processor give the same member bit by bit. A card takes over where it pays: with the metal's
    readout a core is faster than the kernels are started. Raises `ValueError` for fewer than two labels and
    `InputError` for an element no network knows.
    """
    target = targets_kcal_mol(samples)
    fold_of = folds(samples, members, seed, whole_ligands=whole_ligands)
    inside = np.flatnonzero(fold_of != member)
    training = [sample for sample, fold in zip(samples, fold_of, strict=True) if fold != member]
    rows = [composition(sample) for sample in samples]
    residual = Residual.of(rows, target, inside)
    device = chosen_device(pays=settings.readout == "all")
    standardised = torch.as_tensor(residual.learned(rows, target), device=device)

    network_seed = int(np.random.SeedSequence([seed, member]).generate_state(1)[0])
    learning, watching = _stopping_part(training, inside, network_seed)
    with _nequip_defaults():
        graphs = [structure_graph(sample.geometry, settings) for sample in samples]
        neighbours = mean_neighbours([graphs[i] for i in inside], settings.readout)
        network = _network(settings, neighbours=neighbours, seed=network_seed).to(device)
        network, epochs = _train(
            network, graphs, standardised, learning=learning, watching=watching, settings=settings, seed=network_seed
        )
        trained = _Member(settings, residual, neighbours, network)
        predicted = trained.predict(samples, graphs)
        trained.save(path)
    errors = np.abs(predicted - target)
    return MemberReport(
        member=member,
        samples=len(inside),
        validation=len(watching),
        epochs=epochs,
        train_mae_kcal_mol=float(errors[learning].mean()),
        validation_mae_kcal_mol=float(errors[watching].mean()) if len(watching) else None,
        out_of_fold_kcal_mol={
            sample.key: float(value)
            for sample, value, fold in zip(samples, predicted, fold_of, strict=True)
            if fold == member
        },
    )


def predict_member(path: Path, samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return what a saved member says of each sample: binding energies in kcal/mol, shape (samples,)."""
    with _nequip_defaults():
        trained = _Member.load(path)
        return trained.predict(samples, [structure_graph(sample.geometry, trained.settings) for sample in samples])


class SavedEnsemble:
    """The members of one ensemble, loaded once on a card if there is one; they are shown the same graphs."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._device = chosen_device()
        with _nequip_defaults():
            self._members = [_Member.load(path) for path in paths]
            for member in self._members:
                member.network.to(self._device).eval()

    def predict(self, complexes: Complexes) -> NDArray[np.float64]:
        """Return what every member says of every complex: binding energies in kcal/mol, shape (L, M, members).

        Raises `InputError` for an element no network knows.
        """
        ligands, metals = complexes.shape
        settings = self._members[0].settings
        residuals = np.empty((len(self._members), ligands, metals))
        at_once = _AT_ONCE[self._device.type] if settings.readout == "metal" else _WHOLE_AT_ONCE
        rows = max(1, at_once // metals)
        with _nequip_defaults(), torch.no_grad():
            for start in range(0, ligands, rows):
                part = complexes.ligands(start, start + rows)
                if settings.readout == "metal":
                    graph = star_graph(part, settings.r_max_angstrom)
                else:
                    graph = AtomicDataDict.batched_from_list([structure_graph(s, settings) for s in part.structures()])
                there = moved(graph, self._device)
                for number, member in enumerate(self._members):
                    energies = member.network(dict(there))[AtomicDataDict.TOTAL_ENERGY_KEY].view(-1)
                    # The elements' own nodes are one graph more, without an energy.
                    residuals[number, start : start + rows] = energies[: part.size].reshape(part.shape).cpu()
        said = [
            linear_part(member.residual.prior, complexes) + member.residual.added_kcal_mol(residual)
            for member, residual in zip(self._members, residuals, strict=True)
        ]
        return np.stack(said, axis=-1)


@contextmanager
def _nequip_defaults() -> Iterator[None]:
    """Work with the global state nequip asks for and leave torch's default precision as it was."""
    before = torch.get_default_dtype()
    set_global_state()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _network(settings: AllegroSettings, *, neighbours: float, seed: int) -> torch.nn.Module:
    width = settings.hidden_features or settings.scalar_features
    radial = {"num_bessels": settings.bessels, "bessel_trainable": settings.trained_bessels}
    return AllegroModel(
        seed=seed,
        model_dtype=settings.weights,
        type_names=list(ELEMENTS),
        r_max=settings.r_max_angstrom,
        l_max=settings.l_max,
        parity=True,
        radial_chemical_embed={"_target_": "allegro.nn.TwoBodyBesselScalarEmbed", **radial},
        scalar_embed_mlp_hidden_layers_depth=settings.hidden_layers,
        scalar_embed_mlp_hidden_layers_width=width,
        num_layers=settings.layers,
        num_scalar_features=settings.scalar_features,
        num_tensor_features=settings.tensor_features,
        allegro_mlp_hidden_layers_depth=settings.hidden_layers,
        allegro_mlp_hidden_layers_width=width,
        readout_mlp_hidden_layers_width=settings.readout_features or settings.scalar_features,
        avg_num_neighbors=neighbours,
        # The prior and the standardisation already carry every shift and scale.
        per_type_energy_scales=1.0,
        per_type_energy_shifts=0.0,
        do_derivatives=False,
    )


def _stopping_part(
    training: Sequence[Sample], indices: NDArray[np.int_], seed: int
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return the indices to learn from and those that decide when to stop."""
    if len(indices) < _HOLD_OUT_FROM:
        return indices, indices[:0]
    aside = folds(training, _HOLD_OUT_PARTS, seed) == 0
    return indices[~aside], indices[aside]


def _train(
    network: torch.nn.Module,
    graphs: Sequence[Graph],
    standardised: torch.Tensor,
    *,
    learning: NDArray[np.int_],
    watching: NDArray[np.int_],
    settings: AllegroSettings,
    seed: int,
) -> tuple[torch.nn.Module, int]:
    """Return the averaged network at its best epoch, and the number of epochs."""
    shuffle = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=settings.learning_rate_factor, patience=settings.patience
    )
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay))
    watched = watching if len(watching) else learning
    best, best_weights, best_epoch, epoch = np.inf, network.state_dict(), 0, 0
    for epoch in range(1, settings.epochs + 1):
        network.train()
        shuffled = learning[torch.randperm(len(learning), generator=shuffle).numpy()]
        for start in range(0, len(shuffled), settings.batch_size):
            chosen = shuffled[start : start + settings.batch_size]
            error = (_energies(network, [graphs[i] for i in chosen]) - standardised[chosen]).abs().mean()
            optimiser.zero_grad()
            error.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            optimiser.step()
            averaged.update_parameters(network)
        said = _evaluate(averaged.module, [graphs[i] for i in watched], settings.batch_size)
        criterion = float((said - standardised[watched]).abs().mean())
        if not np.isfinite(criterion):
            raise CalculationFailed(
                FailureCode.NOT_CONVERGED, "training", "the network's error is not a number", epoch=epoch
            )
        schedule.step(criterion)
        if criterion < best:
            best, best_epoch = criterion, epoch
            best_weights = {name: value.clone() for name, value in averaged.module.state_dict().items()}
        learned = not len(watching) and criterion < _LEARNED
        without_progress = epoch - best_epoch
        stuck = settings.epochs_without_progress is not None and without_progress >= settings.epochs_without_progress
        if learned or stuck or optimiser.param_groups[0]["lr"] < settings.learning_rate_end:
            break
    averaged.module.load_state_dict(best_weights)
    return averaged.module, epoch


def _energies(network: torch.nn.Module, graphs: Sequence[Graph]) -> torch.Tensor:
    device = next(network.parameters()).device
    out = network(moved(AtomicDataDict.batched_from_list(list(graphs)), device))
    return out[AtomicDataDict.TOTAL_ENERGY_KEY].view(-1)


@torch.no_grad()
def _evaluate(network: torch.nn.Module, graphs: Sequence[Graph], batch_size: int) -> torch.Tensor:
    network.eval()
    parts = [_energies(network, graphs[i : i + batch_size]) for i in range(0, len(graphs), batch_size)]
    return torch.cat(parts).to(torch.float64)
