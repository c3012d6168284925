"""`make_private`: model, optimizer and loader in, the same three out, trained privately from then on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from hotpapers.dpopt.accounting import DurableLedger, Ledger, gaussian_mu, poisson_noise_multiplier
from hotpapers.dpopt.errors import PrivacyError
from hotpapers.dpopt.methods import Schedule
from hotpapers.dpopt.noise import EntropySource, SystemEntropy
from hotpapers.dpopt.torch.momentum import TorchMethod
from hotpapers.dpopt.torch.noise import GeneratorEntropy, GeneratorNoise, LatticeTensorNoise, TensorNoise
from hotpapers.dpopt.torch.optimizer import AnyLedger, DPOptimizer
from hotpapers.dpopt.torch.poisson_loader import PoissonLoader
from hotpapers.dpopt.torch.row_gradients import RowGradients

__all__ = ["make_private", "make_private_with_epsilon"]


def make_private(
    *,
    module: nn.Module,
    optimizer: Optimizer,
    data_loader: DataLoader[Any],
    noise_multiplier: float,
    max_grad_norm: float,
    method: TorchMethod = "sgd",
    momentum: float = 0.9,
    schedule: Schedule | None = None,
    ghost: bool = True,
    loss_reduction: str = "mean",
    poisson_sampling: bool = True,
    n_public: int | None = None,
    max_physical_batch_size: int | None = None,
    secure: bool = True,
    noise_generator: torch.Generator | None = None,
    source: EntropySource | None = None,
    ledger: AnyLedger | str | Path | None = None,
    most_releases: int | None = None,
) -> tuple[nn.Module, DPOptimizer, PoissonLoader]:
    """Make training private under add_remove of one row; keywords as in Opacus' ``PrivacyEngine.make_private``.

    The training loop stays as it was: ``zero_grad``, forward, ``loss.backward()``, ``step`` for each batch of
    the loader that is returned. The loss must be the mean (or with ``loss_reduction="sum"`` the sum) over the
    batch of one term for each row; a mean whose divisor depends on the rows, such as one with class weights
    or ignored targets, must be given as a sum.

    Parameters
    ----------
    module
        Refused if it mixes rows, as batch normalisation does. It is returned with hooks on it.
    optimizer
        Over the module's parameters to train.
    data_loader
        With a batch size: the *expected* size of a Poisson batch.
    noise_multiplier
        > 0, standard deviation of the noise over the sensitivity of the sum.
    max_grad_norm
        C > 0, of each row's gradient over all parameters together.
    method
        ``"sgd"`` lets `optimizer` use the noisy gradient; ``"hb"``, ``"nag"`` and ``"masg"`` are the paper's.
    momentum, schedule
        Of the paper's methods: beta, or a `hotpapers.dpopt.methods.Schedule`.
    ghost
        Measure gradients of Linear, Embedding, Conv1d, Conv2d and LayerNorm without writing them out;
        other modules, or all with False, go through `torch.func`.
    loss_reduction
        ``"mean"`` or ``"sum"``. With a sum, not even the rounding of a row's gradient knows how many rows there are.
    poisson_sampling
        Must be True: shuffled batches are not Poisson samples and have no account here.
    n_public
        Number of rows as publicly known. None declares the data set's own length public.
    max_physical_batch_size
        Rows processed at once; a larger batch comes in parts that make one release.
    secure
        Sums in float64 and noise on a lattice from the operating system's entropy; False for floating-point noise.
    noise_generator
        A seeded generator: NOT PRIVATE, for tests and experiments; implies ``secure=False``.
    source
        Entropy for the lattice and for sampling; a seeded one is NOT PRIVATE.
    ledger
        A ledger, or the path of a write-ahead ledger, which knows of every release before its noise exists.
    most_releases
        Steps after which `DPOptimizer.step` refuses.

    Returns
    -------
    module, optimizer, loader

    Raises
    ------
    PrivacyError
        With one line that says what is refused and what is accepted.
    """
    if not poisson_sampling:
        raise PrivacyError("poisson_sampling=False has no account: shuffled batches are not Poisson samples")
    if not 0 < max_grad_norm < float("inf"):
        raise PrivacyError(f"max_grad_norm must be a positive number: got {max_grad_norm!r}")
    words, noise = _randomness(secure, noise_generator, source)
    loader = PoissonLoader(
        data_loader, words, public_rows=n_public, max_physical_batch_size=max_physical_batch_size
    )
    gradients = RowGradients(
        module,
        ghost=ghost,
        loss_reduction=loss_reduction,
        dtype=torch.float64 if isinstance(noise, LatticeTensorNoise) else torch.float32,
    )
    private = DPOptimizer(
        optimizer,
        gradients,
        loader,
        noise_multiplier=noise_multiplier,
        max_grad_norm=max_grad_norm,
        noise=noise,
        ledger=_opened(ledger),
        method=method,
        momentum=momentum,
        schedule=schedule,
        most_releases=most_releases,
    )
    return module, private, loader


def make_private_with_epsilon(
    *,
    module: nn.Module,
    optimizer: Optimizer,
    data_loader: DataLoader[Any],
    target_epsilon: float,
    target_delta: float,
    epochs: int,
    max_grad_norm: float,
    n_public: int | None = None,
    ledger: AnyLedger | str | Path | None = None,
    **options: Any,
) -> tuple[nn.Module, DPOptimizer, PoissonLoader]:
    """`make_private` with the least noise that keeps `epochs` epochs within (epsilon, delta).

    After as many steps `DPOptimizer.step` refuses. A run that goes on with its ledger has the steps that are left:
    one that was charged and interrupted is gone.

    Parameters
    ----------
    module, optimizer, data_loader, max_grad_norm, n_public, ledger
        As of `make_private`.
    target_epsilon, target_delta
        Epsilon > 0 and delta in (0, 1), of all steps together.
    epochs
        1 or more.
    options
        More keywords of `make_private`.

    Raises
    ------
    PrivacyError
        As of `make_private`, and if the ledger holds releases of another kind.
    """
    if epochs < 1:
        raise PrivacyError(f"epochs must be 1 or more: got {epochs!r}")
    shape = PoissonLoader(data_loader, SystemEntropy(), public_rows=n_public)
    steps = epochs * len(shape)
    if shape.sample_rate < 1:
        multiplier = poisson_noise_multiplier(target_epsilon, target_delta, shape.sample_rate, steps)
    else:
        multiplier = steps**0.5 / gaussian_mu(target_epsilon, target_delta)
    made = make_private(
        module=module,
        optimizer=optimizer,
        data_loader=data_loader,
        noise_multiplier=multiplier,
        max_grad_norm=max_grad_norm,
        n_public=n_public,
        ledger=ledger,
        most_releases=steps,
        **options,
    )
    made[1].check_ledger()
    return made


def _randomness(
    secure: bool,
    generator: torch.Generator | None,
    source: EntropySource | None,
) -> tuple[EntropySource, TensorNoise]:
    """Words for sampling, and the noise."""
    if generator is not None:
        if source is not None:
            raise PrivacyError("give noise_generator or source, not both")
        return GeneratorEntropy(generator), GeneratorNoise(generator)
    words = SystemEntropy() if source is None else source
    return words, LatticeTensorNoise(words) if secure else GeneratorNoise()


def _opened(ledger: AnyLedger | str | Path | None) -> AnyLedger:
    if ledger is None:
        return Ledger("add_remove")
    return DurableLedger(ledger, "add_remove") if isinstance(ledger, str | Path) else ledger
