from reexplore.campaign.ledger.rows import Calculation, Round
from reexplore.campaign.results.spending import spent
from reexplore.errors import Failure, FailureCode


def calculation(finished_at, core_s, *, gpu_s=0.0, code=None):
    failure = Failure(code, "relax", "why", {}) if code else None
    return Calculation("k", "complex", "t", "done", 1, False, core_s, gpu_s, 0.0, finished_at, failure, None)


def test_a_round_has_cost_what_had_come_back_when_it_was_closed():
    lost = FailureCode.DONOR_LOST
    done = [
        calculation(5.0, 1800.0),
        calculation(10.0, 5400.0, gpu_s=3600.0, code=lost),
        calculation(11.0, 9e9, code=lost),
        calculation(None, 9e9),
    ]
    assert spent(done, Round(0, "seed", 0.0, 10.0, None)) == {
        "core_hours": 2.0, "gpu_hours": 1.0, "failures/donor_lost": 1.0,
    }  # fmt: skip
    assert spent(done, Round(0, "seed", 0.0, None, None)) == {}
