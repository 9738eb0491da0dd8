from pathlib import Path

import pytest

from lowrnn import InputError
from lowrnn.inference import InferenceSpec, read_inference

GOOD = """
parameters:
  hebb: [-1, 1]
  decay: [0, 0.1]
simulations: 1000
flows: {members: 2, course: [3, 40]}
settings: {task: flip_flop}
"""


def test_a_file_becomes_a_specification(tmp_path: Path) -> None:
    path = tmp_path / "infer.yaml"
    path.write_text(GOOD)
    spec = read_inference(path)
    assert spec.prior.to_dict() == {"hebb": [-1, 1], "decay": [0, 0.1]}
    assert spec.flows.build().course == (3, 40)
    assert spec.settings == {"task": "flip_flop"}
    assert InferenceSpec.model_validate(spec.model_dump()) == spec


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[-1, 1]", "[1, -1]", "parameters is .*: give the lower end of hebb first"),
        ("[-1, 1]", "[-1, .inf]", "parameters.hebb.1 is inf"),
        ("simulations", "simulation", "simulation.* did you mean|simulations"),
        ("simulations: 1000", "simulations: 10", "simulations is 10"),
        ("members: 2", "members: 0", "flows.members is 0"),
        ("settings:", "method: abc\nrounds: 2\nheld_out: 50\nsettings:", "rounds: 1 for abc"),
        ("settings:", "held_out: 900\nsettings:", "held_out is 900, more than half of the 1000"),
        ("settings:", "failures: drop\nsettings:", "failures is 'drop'"),
    ],
)
def test_errors_name_the_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "infer.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_inference(path)
