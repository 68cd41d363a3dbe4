"""The surrogates that are here keep what every surrogate has to keep."""

from types import MappingProxyType

import pytest

from reexplore.errors import InputError
from reexplore.surrogate.allegro_surrogate import Allegro
from reexplore.surrogate.composition import Composition
from reexplore.surrogate.known import SURROGATES
from tests.surrogate.suite import SurrogateSuite


@pytest.mark.engine
class TestAllegro(SurrogateSuite):
    kind = Allegro
    changes = MappingProxyType({"epochs": 8})


class TestComposition(SurrogateSuite):
    kind = Composition


def test_an_unknown_surrogate_is_refused_with_its_neighbour():
    with pytest.raises(InputError, match="unknown surrogate 'alegro': did you mean 'allegro'"):
        SURROGATES.find("alegro")
