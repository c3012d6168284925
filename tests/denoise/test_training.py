"""Training: the schedule, both losses through the loop, weights that come back, commands that refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import torch

from hotpapers.denoise.adversarial_training import AdversarialSettings, AdversarialTask, TwoStageTask
from hotpapers.denoise.banks import Bank, write_bank
from hotpapers.denoise.data import ExampleSettings, NoisyExamples
from hotpapers.denoise.errors import DenoiseError
from hotpapers.denoise.metrics import si_sdr
from hotpapers.denoise.model import SmallNet
from hotpapers.denoise.training import SmallNetTask, SmallNetTaskSettings
from hotpapers.denoise.training_job import TrainingOrder, train_net
from hotpapers.denoise.validation import ValidationSet
from hotpapers.denoise.weights import load_net, save_net
from hotpapers.training import TrainingSettings, train

TINY = {"widths": (8, 8, 8, 8, 8), "dilations": (1,)}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def chords(seed: int, seconds: float = 4.0) -> np.ndarray:
    """Decaying notes with harmonics: as much like music as a test needs."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(44_100 * seconds)) / 44_100
    sound = np.zeros(len(time))
    for start in np.arange(0, seconds, 0.25):
        after = np.maximum(time - start, 0)
        pitch = 110 * 2 ** (rng.integers(36) / 12)
        for harmonic in range(1, 6):
            tone = np.sin(2 * np.pi * pitch * harmonic * after) * np.exp(-3 * harmonic * after)
            sound += tone * (time >= start) / harmonic
    return sound.astype(np.float32)


@pytest.fixture(scope="module")
def banks(tmp_path_factory) -> tuple[Bank, Bank]:
    folder = tmp_path_factory.mktemp("banks")
    rng = np.random.default_rng(1)
    noise = [(str(i), rng.standard_normal(176_400).astype(np.float32)) for i in range(3)]
    return write_bank(folder / "music", ((str(i), chords(i)) for i in range(4))), write_bank(
        folder / "n", noise
    )


def examples(banks, samples: int = 8192) -> NoisyExamples:
    return NoisyExamples(banks[0], banks[1], None, ExampleSettings(samples=samples))


def test_rate_rises_holds_and_falls(banks) -> None:
    task = SmallNetTask(examples(banks))
    assert task.learning_rate(0, 0.0) == pytest.approx(0.01)
    assert task.learning_rate(99, 0.1) == 1.0
    assert task.learning_rate(500, 1 / 3) == pytest.approx(1.0)
    assert task.learning_rate(500, 2 / 3) == pytest.approx(0.51)
    assert task.learning_rate(900, 1.0) == pytest.approx(0.02)


def trained(task, folder, steps: int):
    settings = TrainingSettings(folder=folder, steps=steps, precision="32", threads=1, tensorboard=False)
    return train(task, settings)


def test_loss_a_finds_and_loss_b_polishes(banks, tmp_path) -> None:
    task = SmallNetTask(examples(banks), None, SmallNetTaskSettings(batch_size=1, net=TINY))
    result = trained(task, tmp_path, 6)
    heading, _ = result.log.read_text(encoding="utf-8").splitlines()
    assert {"loss_a", "loss_b"} <= set(heading.split(","))
    assert result.steps == 6
    noisy = torch.from_numpy(chords(9, 0.2))[None]
    with torch.inference_mode():
        assert (result.modules["net"](noisy, torch.tensor([0.1]), None) - noisy).abs().max() > 1e-5


def test_validation_knows_an_oracle_from_a_blank(banks) -> None:
    """The clean music gains everything, the input gains nothing, and half the noise gains 6 dB."""
    judged = ValidationSet(*banks, excerpts=2)
    clean = {mixture.noisy.data_ptr(): mixture.clean for mixture in judged.mixtures}
    nothing = judged.scores(lambda noisy, level, profile: noisy)
    assert nothing["gain"] == pytest.approx(0, abs=1e-6)
    assert nothing["drop"] == pytest.approx(0, abs=1e-3)
    assert nothing["clean_worst"] == 100

    def halved(noisy, level, profile):
        return noisy if noisy.data_ptr() not in clean else (noisy + clean[noisy.data_ptr()]) / 2

    better = judged.scores(halved)
    assert better["drop"] == pytest.approx(6.02, abs=0.01)
    assert better["gain_12"] == pytest.approx(6.02, abs=0.3)
    assert better["distance"] < nothing["distance"]
    for mixture in judged.mixtures:
        music = slice(mixture.lead_in, None)
        ratio = si_sdr(mixture.noisy[music].numpy(), mixture.clean[music].numpy())
        assert ratio == pytest.approx(mixture.snr_db, abs=0.5)
        assert not mixture.clean[: mixture.lead_in].any()


@pytest.mark.slow
@pytest.mark.parametrize("reconstruction", ["stft", "feature"])
def test_generator_and_critics_both_learn(banks, tmp_path, reconstruction) -> None:
    settings = AdversarialSettings(batch_size=1, reconstruction=reconstruction)
    task = AdversarialTask(examples(banks), None, settings)
    torch.manual_seed(0)
    before = {name: module.state_dict() for name, module in task.modules().items()}
    result = trained(task, tmp_path, 2)
    heading = result.log.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"reconstruction", "adversarial", "critics"} <= set(heading)
    assert set(result.modules) == set(before) == {"net", "critics"}


@pytest.mark.slow
def test_two_stage_net_trains(banks, tmp_path) -> None:
    task = TwoStageTask(examples(banks, 4096), None, batch_size=1)
    heading = trained(task, tmp_path, 1).log.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"first_stage", "second_stage"} <= set(heading)
    assert task.learning_rate(0, 0.5) == 1.0
    assert task.learning_rate(0, 0.9) == 0.1


def test_weights_come_back_in_half_precision(tmp_path) -> None:
    torch.manual_seed(0)
    net = SmallNet(**TINY).eval()
    torch.nn.init.normal_(net.exit.weight, 0, 0.1)
    path = tmp_path / "small.safetensors"
    save_net(path, net, model="small", card={"seed": 3})
    again = load_net(path)
    noisy = torch.from_numpy(chords(9, 0.2))[None]
    with torch.inference_mode():
        ours, theirs = (each(noisy, torch.tensor([0.1]), None) for each in (net, again))
    assert 0 < float((ours - theirs).abs().max()) < 1e-2
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["seed"] == 3
    assert card["settings"]["widths"] == list(TINY["widths"])


def test_changed_weights_are_refused(tmp_path) -> None:
    path = tmp_path / "small.safetensors"
    save_net(path, SmallNet(**TINY), model="small", card={})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DenoiseError, match="SHA-256"):
        load_net(path)


def test_weights_without_a_card_or_of_another_model_are_refused(tmp_path) -> None:
    path = tmp_path / "small.safetensors"
    with pytest.raises(DenoiseError, match="card"):
        load_net(path)
    save_net(path, SmallNet(**TINY), model="paper", card={})
    with pytest.raises(DenoiseError, match="cannot be built"):
        load_net(path)
    save_net(path, SmallNet(**TINY), model="other", card={})
    with pytest.raises(DenoiseError, match="there are small, paper, two-stage"):
        load_net(path)
    with pytest.raises(DenoiseError, match="safetensors"):
        save_net(tmp_path / "small.pt", SmallNet(**TINY), model="small", card={})


@pytest.fixture
def own(tmp_path):
    for folder, count in (("clean", 3), ("noise", 2)):
        (tmp_path / folder).mkdir()
        for i in range(count):
            sound = chords(i) if folder == "clean" else np.random.default_rng(i).standard_normal(60_000)
            soundfile.write(tmp_path / folder / f"{i}.wav", 0.1 * sound / np.abs(sound).max(), 44_100)
    return tmp_path


def test_train_on_own_recordings(own) -> None:
    """One step: the second of the recordings is held back, the weights load, the card says what was done."""
    order = TrainingOrder(
        out=own / "my.safetensors",
        cache=own / "cache",
        clean=own / "clean",
        noise=own / "noise",
        synthetic_noise=0,
        minutes=None,
        steps=1,
        batch_size=1,
        threads=1,
    )
    card = train_net(order)
    assert card["steps"] == 1
    assert card["data"]["recordings"] == "the user's own"
    assert set(card["validation"]) >= {"gain", "worst_gain", "clean_worst"}
    assert Bank(own / "cache" / "music").names == ["0.wav", "2.wav"]
    assert Bank(own / "cache" / "held-back_music").names == ["1.wav"]
    assert isinstance(load_net(order.out), SmallNet)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"out": "weights.pt"}, "must be named"),
        ({"synthetic_noise": 1.5}, "lies in 0..1"),
        ({"clean": None}, "without one of clean music"),
        ({"model": "large"}, "there are small, paper, two-stage"),
        ({"loss": "stft"}, "for the model paper"),
        ({"batch_size": 0}, "at least one example"),
    ],
)
def test_orders_that_cannot_be_followed(own, changes, words) -> None:
    from pathlib import Path

    given = {"out": "w.safetensors", "clean": own / "clean", "noise": own / "noise", **changes}
    with pytest.raises(DenoiseError, match=words):
        TrainingOrder(cache=own / "cache", **{**given, "out": Path(given["out"])})


def test_a_folder_without_audio_is_refused(own) -> None:
    (own / "empty").mkdir()
    with pytest.raises(DenoiseError, match="holds no audio"):
        train_net(TrainingOrder(out=own / "w.safetensors", cache=own / "cache", clean=own / "empty", steps=1))


@pytest.mark.slow
def test_sixty_steps_lower_the_loss(banks, tmp_path) -> None:
    task = SmallNetTask(
        examples(banks, 16_384), None, SmallNetTaskSettings(batch_size=2, warmup=10, held=1.0)
    )
    settings = TrainingSettings(
        folder=tmp_path, steps=60, log_every=10, precision="32", threads=1, tensorboard=False
    )
    result = train(task, settings)
    rows = [line.split(",") for line in result.log.read_text(encoding="utf-8").splitlines()]
    place = rows[0].index("loss_a")
    losses = [float(row[place]) for row in rows[1:]]
    assert np.mean(losses[-2:]) <= 0.85 * losses[0]


@pytest.mark.slow
def test_one_pair_can_be_learnt_by_heart() -> None:
    """A gain of 20 dB on the one pair that it sees."""
    torch.manual_seed(0)
    net = SmallNet()
    clean = torch.from_numpy(chords(0, 0.4))[None]
    noisy = clean + clean.std() * torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    level = noisy.square().mean(1).sqrt()
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for step in range(500):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 30) * (1 - step / 500)
        optimizer.zero_grad()
        error = (net(noisy, level) - clean).square().sum() / clean.square().sum()
        torch.log(error).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    with torch.inference_mode():
        learnt = net(noisy, level)[0].numpy()
    assert si_sdr(learnt, clean[0].numpy()) - si_sdr(noisy[0].numpy(), clean[0].numpy()) >= 20
