import json
from dataclasses import replace

import numpy as np
import pytest

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Checkpoint, PackedArray
from epyflow.calibration.sampler import Generation, Limits
from epyflow.calibration.smc import Smc, SmcSettings
from epyflow.strategies import checkpoints
from tests.unit import factories


def smc(seed=3, done=(), ended=None):
    """Return a calibration that can be saved and restored; it never simulates."""
    settings = SmcSettings(particles=2, generations=4)
    limits = Limits(None, None)
    rng = np.random.default_rng(seed)
    return Smc((), (), None, settings, limits, rng, list(done), ended)


@pytest.fixture
def generation():
    return Generation(
        particles=np.array([[0.25, 3.0], [0.75, 10.5]]),
        weights=np.array([0.5, 0.5]),
        distances=np.array([1.0, 2.0]),
        epsilon=np.inf,
        simulations=7,
        series=np.array([[[4.0], [5.0]], [[6.0], [7.0]]]),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint_00000.pkl"


def test_a_calibration_continues_from_the_checkpoint_of_its_task(path, generation):
    stopped = smc(done=[generation], ended="complete")
    stopped.rng.random(5)
    checkpoints.save(stopped, factories.task(), path, 2.5)
    again = smc(seed=99)

    seconds = checkpoints.restore(again, factories.task(), path)

    assert seconds == 2.5
    assert again.ended == "complete"
    assert again.rng.random() == stopped.rng.random()
    (found,) = again.done
    assert (found.epsilon, found.simulations) == (np.inf, 7)
    for name in ("particles", "weights", "distances", "series"):
        assert getattr(found, name).tolist() == getattr(generation, name).tolist()


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"index": 1}, {"code": "ba9876543210"}, {"model": '{"name":"SEIR"}'}]
)
def test_the_checkpoint_of_another_task_is_left_alone(path, generation, caplog, change):
    caplog.set_level("INFO", "epyflow")
    checkpoints.save(smc(done=[generation]), replace(factories.task(), **change), path, 2.5)
    fresh = smc()
    state = json.dumps(fresh.rng.bit_generator.state)

    assert checkpoints.restore(fresh, factories.task(), path) == 0.0
    assert (fresh.done, fresh.ended) == ([], None)
    assert json.dumps(fresh.rng.bit_generator.state) == state
    assert caplog.messages == [
        f"{path} belongs to another task; the calibration starts from the beginning"
    ]


def test_a_damaged_checkpoint_is_named_and_left_alone(path, caplog):
    path.write_bytes(b"\x80\x05")
    fresh = smc()

    assert checkpoints.restore(fresh, factories.task(), path) == 0.0
    assert fresh.done == []
    assert caplog.messages[0].startswith(f"the calibration starts from the beginning: {path}: not ")


@pytest.mark.parametrize(
    "changes",
    [
        *({"rng_state": state} for state in ("", "{}", "7", '{"bit_generator": "MT19937"}')),
        {"generations": (factories.generation(series=PackedArray("<f8", (2, 1, 1), b"")),)},
    ],
)
def test_a_checkpoint_with_damaged_content_is_named_and_left_alone(path, caplog, changes):
    stopped = {"key": checkpoints.key(factories.task()), "ended": None, "seconds": 1.0}
    saved = Checkpoint(**stopped, **{"rng_state": "", "generations": (), **changes})
    pickling.write(saved, path)
    fresh = smc()

    assert checkpoints.restore(fresh, factories.task(), path) == 0.0
    assert fresh.done == []
    assert caplog.messages == [f"{path} is damaged; the calibration starts from the beginning"]


def test_without_a_checkpoint_a_calibration_starts_from_the_beginning(path):
    fresh = smc()

    assert checkpoints.restore(fresh, factories.task(), path) == 0.0
    assert fresh.done == []
