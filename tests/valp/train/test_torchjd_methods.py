"""The aggregators of TorchJD as balancing methods."""

import numpy as np
import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows
from tests.valp.train.gradient_rows import begun, direction, gradients, require_close
from valp.compile.compile import compile
from valp.errors import MissingPackageError, SettingError
from valp.train.balance import BALANCERS, Balance, read_balance
from valp.train.balance.torchjd_methods import TORCHJD_METHODS, seed_of_call
from valp.train.fit import fit

CODES = [row.code for row in TORCHJD_METHODS]


def test_a_missing_package_is_named_in_one_sentence_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr("valp.errors._is_installed", lambda package: package == "torchjd")
    said = "^the balancing method 'cagrad' needs cvxpy and clarabel; install it with: pip install 'valp.torchjd.'$"
    with pytest.raises(MissingPackageError, match=said):
        read_balance("cagrad")
    with pytest.raises(MissingPackageError, match="'upgrad' needs qpsolvers and quadprog"):
        fit(compile(figure_2(), seed=0), *figure_2_rows(8), steps=1, balance=Balance(method="upgrad"))


def test_the_rows_name_their_sources_and_packages():
    assert CODES == ["upgrad", "cagrad", "pcgrad", "imtl-g", "nash-mtl", "aligned-mtl"]
    for row in TORCHJD_METHODS:
        assert BALANCERS[row.code].packages[0] == "torchjd"
        assert "by TorchJD (" in row.title


@pytest.fixture(params=CODES)
def method(request):
    """A method whose packages are installed."""
    for package in BALANCERS[request.param].packages:
        pytest.importorskip(package)
    return request.param


def by_torchjd(method, rows):
    """The direction that TorchJD gives for the whole matrix, with its defaults."""
    from torchjd.aggregation import IMTLG, AlignedMTL, CAGrad, NashMTL, PCGrad, UPGrad

    made = {
        "upgrad": UPGrad,
        "cagrad": lambda: CAGrad(c=0.4),
        "pcgrad": PCGrad,
        "imtl-g": IMTLG,
        "nash-mtl": lambda: NashMTL(n_tasks=len(rows)),
        "aligned-mtl": AlignedMTL,
    }[method]()
    return made(torch.as_tensor(rows)).numpy()


@pytest.mark.parametrize("ratio", [0.1, 0.01, 1e-3, 1e-4])
def test_no_loss_rises_along_upgrad_though_its_gradient_is_much_shorter(ratio):
    for package in BALANCERS["upgrad"].packages:
        pytest.importorskip(package)
    generator = np.random.default_rng(0)
    for _ in range(20):
        angle = np.radians(generator.uniform(95, 150))
        rows = np.array([[1.0, 0.0], [ratio * np.cos(angle), ratio * np.sin(angle)]])
        found = direction(begun("upgrad", 2), rows)
        cosines = rows @ found / (np.linalg.norm(rows, axis=1) * np.linalg.norm(found))
        assert cosines.min() > -1e-3


@pytest.mark.parametrize("ratio", [1e-3, 1e-4, 1e-5])
def test_cagrad_does_not_stop_where_one_gradient_is_much_shorter(ratio):
    for package in BALANCERS["cagrad"].packages:
        pytest.importorskip(package)
    rows = np.array([[1.0, 0.0], [-ratio / 2, ratio]])
    found = direction(begun("cagrad", 2), rows)
    assert np.linalg.norm(found - rows.mean(0)) == pytest.approx(0.4 * np.linalg.norm(rows.mean(0)), rel=1e-3)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_directions_are_those_of_torchjd_for_the_whole_matrix(method):
    for seed in range(8):
        rows = gradients(seed, count=2 + seed % 3)
        before = torch.random.get_rng_state()
        found = direction(begun(method, len(rows)), rows)
        assert torch.equal(torch.random.get_rng_state(), before)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of_call(0, 1))
            expected = by_torchjd(method, rows)
        require_close(found, expected, rows, within=1e-3 if method in ("cagrad", "nash-mtl", "upgrad") else 1e-6)


def test_a_direction_does_not_vanish_with_the_gradients(method):
    rows = gradients(4, count=3)
    large, small = (direction(begun(method, 3), scale * rows) / scale for scale in (1.0, 1e-6))
    assert np.linalg.norm(small) > 1e-3
    if method != "nash-mtl":  # its direction is cut to length 1
        assert small == pytest.approx(large, rel=1e-3, abs=1e-6)


def test_absent_losses_zero_gradients_and_kl_losses_are_no_tasks(method):
    rows = gradients(6, count=3)
    two = direction(begun(method, 2), rows[:2])
    assert direction(begun(method, 3), rows[:2], losses=[1.0, 1.0, 0.0], kept=(0, 1)) == pytest.approx(two)
    assert direction(begun(method, 3), np.vstack([rows[:2], 0 * rows[2:]])) == pytest.approx(two)
    k = np.linalg.lstsq(rows[:2].T, two, rcond=None)[0]
    with_kl = direction(begun(method, 3, divergent=(2,)), rows)
    assert with_kl == pytest.approx(two + k.mean() * rows[2], rel=1e-6, abs=1e-6)
    assert np.isnan(direction(begun(method, 3), np.vstack([rows[:2], np.nan * rows[2:]]))).all()


def test_a_setting_is_refused_in_one_sentence(method):
    wrong = {"cagrad": "c=-1", "nash-mtl": "every=0"}.get(method, "c=1")
    with pytest.raises(SettingError, match=f"{method}"):
        read_balance(f"{method}:{wrong}")


def test_a_training_lowers_the_total_loss_and_repeats(method):
    curves = []
    settings = {"every": 10} if method == "nash-mtl" else {}
    for _ in range(2):
        module = compile(figure_2(), seed=0)
        balance = Balance(method=method, settings=settings)
        made = fit(module, *figure_2_rows(24), steps=30, batch=24, learning_rate=1e-2, balance=balance)
        assert made.failure is None
        curves.append(made.curves)
    assert curves[0] == curves[1]
    assert curves[0].values[-1][0] < curves[0].values[0][0]
