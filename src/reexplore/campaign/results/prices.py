"""What energies and relaxations at a level should cost, on a core and on a card, and what runs on cards at all."""

from __future__ import annotations

from dataclasses import dataclass

from reexplore.campaign.declaration.setup import Setup
from reexplore.energies.levels import Level
from reexplore.energies.terms import TBLITE
from reexplore.execution.cards import serving_cards
from reexplore.execution.kinds import KINDS
from reexplore.execution.sites import serving
from reexplore.shipped import is_shipped

# Measured on one core of a 2.6 GHz server processor; see docs/validation/energies.md.
#: By shipped level; a level of the user's own is taken for as dear as the one it is based on.
_DFT_S_AT_40_ATOMS = {"quick": 45.0, "standard": 95.0, "workstation": 90.0, "paper": 200.0}
_DFT_POWER = 2.5
#: An open 4f shell at `paper`: two spins, Hartree-Fock before, two occupations. 284 CPU-s for 27 with six waters.
_OPEN_SHELL_FACTOR = 10.0
#: Mostly the start of the process.
_GFN2_S = 3.0
TEACHER_S = 1.0
#: A gradient of a relaxation, which starts from the density before: 41 CPU-s for 38 atoms at `quick`. With exact
#: exchange it is taken for twice a single point.
_GRADIENT_IN_SINGLE_POINTS = {"quick": 1.0, "standard": 1.0}
_OTHER_GRADIENT_IN_SINGLE_POINTS = 2.0
#: How many gradients a complex, and a smaller molecule, is taken to need: a guess, see docs/energies.md.
COMPLEX_GRADIENTS, SMALL_GRADIENTS = 40, 10
#: Closed shells on a card. This program was not measured on one: a prototype of the same calls on an H200 took 2.7 s
#: and 6.5 s at `quick`, 4.1 s and 15 s at `paper`, for 31 and 49 atoms. `standard` and `workstation` are
#: taken for as dear as `paper`.
_CARD_S_AT_40_ATOMS = {"quick": 4.5, "standard": 8.5, "workstation": 8.5, "paper": 8.5}
_CARD_POWER = 2.4
#: Gradients of the same prototype: 4.4 s and 7.5 s at `quick`, 8.9 s at `paper` for 31 atoms.
_CARD_GRADIENT_IN_SINGLE_POINTS = 1.5
CARD_BASIS = (
    "labels as a prototype of the same calls took on one H200, networks as on a core; this program was not measured on"
    " a card"
)


@dataclass(frozen=True)
class Cards:
    """What a campaign computes on graphics cards, as far as its file and a site of ours tell."""

    label: bool = False
    train: bool = False
    predict: bool = False

    @classmethod
    def of(cls, setup: Setup) -> Cards:
        """Read it from device and site; a site file of one's own is run by commands that submit, and by no other."""
        device, kinds = setup.file.execution.device, ("energy", "member", "predict")
        if device == "cuda":
            return cls(*(KINDS[kind].may_use_card for kind in kinds))
        if device == "cpu" or not is_shipped("parsl_configs", setup.site):
            return cls()
        config = setup.parsl_config()
        labels = [executor.label for executor in config.executors]
        label, train, predict = (serving_cards(config, serving(kind, labels)) for kind in kinds)
        # With the metal's readout a core is faster.
        return cls(label, train and setup.file.surrogate.readout == "all", predict)


@dataclass(frozen=True)
class Price:
    """Seconds on one core, and for how many of them a card is held as well."""

    core_s: float
    gpu_s: float = 0.0


@dataclass(frozen=True)
class Prices:
    """The prices of a level: `open_share` of the metals are open shells there, the rest is computed `on_card`.

    Open shells may be computed on a card as well; no time of theirs is known, and they are priced as on a core.
    """

    level: Level
    open_share: float
    on_card: bool

    @classmethod
    def of(cls, setup: Setup, cards: Cards) -> Prices:
        """Return the prices of a campaign's level for its metals."""
        metals, level = setup.space.metals, setup.level
        open_share = sum(metal.multiplicity > 1 for metal in metals) / len(metals) if level.open_shells else 0.0
        return cls(level, open_share, cards.label and level.is_density_functional)

    def energy(self, atoms: float) -> Price:
        """Return the price of a term of a label."""
        if self.level.is_fake:
            return Price(TEACHER_S)
        if self.level.engine == TBLITE:
            return Price(_GFN2_S)
        closed_s = self._by_size(_DFT_S_AT_40_ATOMS, _DFT_POWER, atoms)
        open_s = self.open_share * _OPEN_SHELL_FACTOR * closed_s
        if not self.on_card:
            return Price((1 - self.open_share) * closed_s + open_s)
        card_s = (1 - self.open_share) * self._by_size(_CARD_S_AT_40_ATOMS, _CARD_POWER, atoms)
        return Price(card_s + open_s, card_s)

    def relaxation(self, atoms: float, gradients: int) -> Price:
        """Return the price of a closed shell's relaxation at the level."""
        if not self.level.is_density_functional:
            return Price(TEACHER_S)
        if self.on_card:
            single_s = self._by_size(_CARD_S_AT_40_ATOMS, _CARD_POWER, atoms)
            card_s = gradients * _CARD_GRADIENT_IN_SINGLE_POINTS * single_s
            return Price(card_s, card_s)
        name = self.level.based_on or self.level.name
        each = _GRADIENT_IN_SINGLE_POINTS.get(name, _OTHER_GRADIENT_IN_SINGLE_POINTS)
        return Price(gradients * each * self._by_size(_DFT_S_AT_40_ATOMS, _DFT_POWER, atoms))

    def _by_size(self, seconds_at_40: dict[str, float], power: float, atoms: float) -> float:
        return float(seconds_at_40[self.level.based_on or self.level.name] * (atoms / 40) ** power)
