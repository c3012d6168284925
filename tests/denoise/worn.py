"""A small worn recording, and a net with random filters: what holds for them holds for any recording and net."""

from __future__ import annotations

import numpy as np


def notes(seconds: float, sr: int = 44_100, seed: int = 0) -> np.ndarray:
    """Plucked notes: harmonics that decay, (n,) at about -20 dB."""
    rng = np.random.default_rng(seed)
    n = round(seconds * sr)
    time = np.arange(n) / sr
    made = np.zeros(n)
    for start in np.arange(0, seconds, 0.25):
        pitch = 220 * 2 ** (rng.choice([0, 2, 4, 7, 9, 12]) / 12)
        since = np.maximum(time - start, 0)
        sounding = time >= start
        for harmonic in range(1, 7):
            if harmonic * pitch < 0.45 * sr:
                tone = np.sin(2 * np.pi * harmonic * pitch * since) / harmonic
                made += sounding * tone * np.exp(-since * (3 + harmonic)) * (1 - np.exp(-since * 400))
    return (0.12 * made).astype(np.float32)


def worn(seconds: float = 4.0, sr: int = 44_100, *, lead_in: float = 1.2, seed: int = 0) -> np.ndarray:
    """The notes behind hiss, after a lead-in of hiss alone, (n,)."""
    rng = np.random.default_rng((seed, 1))
    front = round(lead_in * sr)
    music = np.concatenate([np.zeros(front, np.float32), notes(seconds - lead_in, sr, seed)])
    return (music + 0.012 * rng.standard_normal(len(music))).astype(np.float32)


def save_random_net(path, seed: int = 5, std: float = 0.03) -> str:
    """Weights of a narrow net whose filters do something; with `std` 0 it takes nothing."""
    import torch

    from hotpapers.denoise.model import SmallNet
    from hotpapers.denoise.weights import save_net

    torch.manual_seed(seed)
    net = SmallNet(widths=(8, 8, 8, 8, 8), dilations=(1,))
    torch.nn.init.normal_(net.exit.weight, std=std)
    save_net(path, net, model="small", card={})
    return str(path)
