"""An optimizer whose every step sees one noisy sum of clipped gradients and nothing else of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from hotpapers.dpopt.accounting import DurableLedger, Event, Ledger, Sampling
from hotpapers.dpopt.errors import BudgetError, PrivacyError
from hotpapers.dpopt.methods import Schedule
from hotpapers.dpopt.torch.momentum import Momentum, TorchMethod
from hotpapers.dpopt.torch.noise import TensorNoise
from hotpapers.dpopt.torch.poisson_loader import PoissonLoader
from hotpapers.dpopt.torch.row_gradients import RowGradients

__all__ = ["AnyLedger", "DPOptimizer"]

AnyLedger: TypeAlias = Ledger | DurableLedger


class DPOptimizer(Optimizer):
    """Wraps an optimizer: `step` clips, adds up, notes the release, draws its noise, and only then moves.

    Made by `make_private`; used like the optimizer it wraps, with learning-rate schedulers too.

    Parameters
    ----------
    optimizer
        The user's. With ``method="sgd"`` it makes the step, whatever it is; otherwise its learning rate and weight
        decay are used.
    gradients, loader
        Of the same model: what is recorded, and what was sampled.
    noise_multiplier
        Standard deviation of the noise over the sensitivity of the sum.
    max_grad_norm
        C.
    noise
        Of the sums.
    ledger
        Told of every release before its noise is drawn.
    method, momentum, schedule
        As of `Momentum`.
    most_releases
        Releases that the budget covers; None for no limit.

    Attributes
    ----------
    ledger
        What was spent so far.
    private
        False if the random numbers came from a seed.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        gradients: RowGradients,
        loader: PoissonLoader,
        *,
        noise_multiplier: float,
        max_grad_norm: float,
        noise: TensorNoise,
        ledger: AnyLedger,
        method: TorchMethod = "sgd",
        momentum: float = 0.9,
        schedule: Schedule | None = None,
        most_releases: int | None = None,
    ) -> None:
        _check_parameters(optimizer, gradients)
        super().__init__(optimizer.param_groups, optimizer.defaults)
        self.original_optimizer = optimizer
        self.max_grad_norm, self.noise_multiplier = max_grad_norm, noise_multiplier
        size = sum(parameter.numel() for parameter in gradients.parameters)
        sensitivity = noise.sensitivity(max_grad_norm, size)
        self._event = Event(
            mechanism="gaussian",
            sensitivity=sensitivity,
            norm="l2",
            # A little more, so that rounding does not leave the ledger with a smaller multiplier.
            scale=noise_multiplier * sensitivity * (1.0 + 2.0**-50),
            sampling=Sampling("poisson", loader.sample_rate) if loader.sample_rate < 1 else Sampling(),
            purpose="gradient sum",
        )
        self._gradients, self._loader, self._noise, self._ledger = gradients, loader, noise, ledger
        self._most, self._sums = most_releases, dict[nn.Parameter, Tensor]()
        self._method, self._spent = method, len(self.ledger)
        self._momentum: Momentum | None = None
        if method != "sgd":
            self._momentum = Momentum(method, self.param_groups, momentum, schedule)
            gradients.before_forward = self._momentum.to_query_point

    @property
    def ledger(self) -> Ledger:
        """What was spent so far."""
        return self._ledger.ledger if isinstance(self._ledger, DurableLedger) else self._ledger

    @property
    def private(self) -> bool:
        """Whether nobody can reproduce the noise."""
        return self._noise.private

    def epsilon(self, delta: float) -> float:
        """Epsilon of all steps so far at `delta`, by privacy loss distributions.

        Raises
        ------
        PrivacyError
            If delta lies outside [0, 1).
        """
        return self.ledger.epsilon(delta)

    def check_ledger(self) -> None:
        """Refuse a ledger that holds anything but earlier steps of this run.

        Raises
        ------
        PrivacyError
            As the noise was chosen for these steps alone.
        """
        if any(event != self._event for event in self.ledger):
            raise PrivacyError(
                "the ledger holds other releases than this run's steps: give the run one of its own"
            )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of a backward pass that was not stepped on."""
        self._gradients.clear()
        super().zero_grad(set_to_none)

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Add the clipped gradients of the part; at a batch's last part, release and move.

        Raises
        ------
        PrivacyError
            If no batch of the private loader or no backward pass in training mode went before.
        BudgetError
            If the budget is spent: nothing is drawn and nothing moves.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        part = self._loader.taken()
        if part.first:
            self._sums = {}
        found = self._gradients.clipped_sums(part.rows, self.max_grad_norm)
        self._sums = {p: self._sums[p] + value if self._sums else value for p, value in found.items()}
        if part.last:
            self._release()
            self._move()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State to go on from; it holds noisy quantities only. The ledger is a file of its own."""
        return {
            "optimizer": self.original_optimizer.state_dict(),
            "method": self._method,
            "noise_multiplier": self.noise_multiplier,
            "max_grad_norm": self.max_grad_norm,
            "momentum": None if self._momentum is None else self._momentum.state(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state. A batch that was interrupted is drawn anew; if it was charged, it is charged again.

        Raises
        ------
        PrivacyError
            If the state is of another method, noise or clipping bound.
        """
        for name, mine in (
            ("method", self._method),
            ("noise_multiplier", self.noise_multiplier),
            ("max_grad_norm", self.max_grad_norm),
        ):
            if state_dict.get(name) != mine:
                raise PrivacyError(
                    f"the state has {name}={state_dict.get(name)!r}: this optimizer has {mine!r}"
                )
        self.original_optimizer.load_state_dict(state_dict["optimizer"])
        self.param_groups = self.original_optimizer.param_groups
        if self._momentum is not None:
            self._momentum.use(self.param_groups)
            self._momentum.restore(state_dict["momentum"])
        self._sums = {}
        self._gradients.clear()

    def _release(self) -> None:
        """Noisy means into ``grad``; the event is noted before the noise is drawn."""
        if self._most is not None and self._spent >= self._most:
            raise BudgetError(f"the budget covers {self._most} steps, and all are spent")
        if isinstance(self._ledger, DurableLedger):
            self._ledger.spend(self._event)
        else:
            self._ledger.append(self._event)
        self._spent += 1
        noisy = self._noise.added(self._sums, self._event.scale, self.max_grad_norm)
        self._sums = {}
        for parameter, total in noisy.items():
            parameter.grad = (total / self._loader.expected_batch_size).to(parameter.dtype)

    def _move(self) -> None:
        if self._momentum is None:
            self.original_optimizer.step()
        else:
            self._momentum.advance()


def _check_parameters(optimizer: Optimizer, gradients: RowGradients) -> None:
    """Every parameter that the optimizer moves must be one whose gradients are clipped, and the reverse."""
    moved = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    trained = set(gradients.parameters)
    if {parameter for parameter in moved if parameter.requires_grad} != trained:
        raise PrivacyError("the optimizer must have exactly the module's parameters that are to be trained")
