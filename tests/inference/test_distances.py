import numpy as np
import pytest
from scipy.stats import ortho_group

from lowrnn import InputError
from lowrnn.inference import dsa, linear_cka, rsa

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 30, 6))
ROTATION = ortho_group.rvs(6, random_state=0)


def spiral(frequency: float, decay: float, mixing: np.ndarray) -> np.ndarray:
    t = np.arange(60)
    phase = np.linspace(0, 2 * np.pi, 5, endpoint=False)[:, None]
    z = np.exp(-decay * t)[..., None] * np.stack(
        [np.cos(frequency * t + phase), np.sin(frequency * t + phase)], axis=2
    )
    return z @ mixing


def test_cka() -> None:
    assert linear_cka(X, 3 * X @ ROTATION + 1) == pytest.approx(1)
    one, other = RNG.standard_normal((2, 5000, 3))
    assert linear_cka(one, other) < 0.01
    # Two of the three dimensions shared, the third independent: 2 / 3 by its definition.
    shared = np.column_stack([one[:, :2], other[:, 0]])
    assert linear_cka(one, shared) == pytest.approx(2 / 3, abs=0.03)
    with pytest.raises(InputError, match="give 120, as many as one has"):
        linear_cka(X, X[:2])


def test_rsa() -> None:
    assert rsa(X, 0.1 * X @ ROTATION) == pytest.approx(1)
    line = np.array([0.0, 1.0, 3.0])
    assert rsa(line, np.array([0.0, 2.0, 3.0])) == pytest.approx(0.5)
    with pytest.raises(InputError, match="at least 3"):
        rsa(line[:2], line[:2])


def test_dsa_sees_dynamics_and_not_geometry() -> None:
    mixing = RNG.standard_normal((2, 8))
    slow, fast = spiral(0.1, 0.0, mixing), spiral(0.6, 0.0, mixing)
    stretched = spiral(0.1, 0.0, RNG.standard_normal((2, 5)) * [1, 2, 3, 4, 5])
    assert dsa(slow, stretched) < 1e-3
    # Rotations by 0.1 and 0.6 a step differ by that angle, whatever the plane.
    assert dsa(slow, fast) == pytest.approx(0.5, abs=0.02)
    assert dsa(slow, fast) == pytest.approx(dsa(fast, slow), abs=1e-3)
    # Reflection is an orthogonal change of coordinates too.
    assert dsa(slow, spiral(-0.1, 0.0, mixing)) < 1e-3
    with pytest.raises(InputError, match="delays is 60: give 1 to 59"):
        dsa(slow, fast, delays=60)
