"""The demo: clean music, worn to a 78, and restored."""

from __future__ import annotations

from pathlib import Path

from hotpapers.common.papers import Card

__all__ = ["demo"]

_SECONDS, _LEAD_IN = 20.0, 1.5
_SNR_DB = 6.0


def demo(out: Path) -> Card:
    """Make 20 s of music in code, wear it as an electric 78, restore it; write sound, page and picture."""
    import numpy as np
    import soundfile

    from hotpapers.denoise.arrays import denoise
    from hotpapers.denoise.example_music import prelude
    from hotpapers.denoise.metrics import lead_in_drop, si_sdr
    from hotpapers.denoise.mixing import mix
    from hotpapers.denoise.noise_generator import synth_noise
    from hotpapers.denoise.noise_generator.replay import BANDS, band_limit
    from hotpapers.denoise.report import show

    sr = 44_100
    front = round(_LEAD_IN * sr)
    clean = band_limit(prelude(_SECONDS - _LEAD_IN, sr), sr, BANDS["electric-78"])
    noise = synth_noise(_SECONDS, sr, preset="78-worn", rng=np.random.default_rng(78))
    worn, target, _ = mix(clean, noise[front:], _SNR_DB)
    gain = float(np.sum((worn - target) * noise[front:]) / np.sum(noise[front:] ** 2))
    worn = np.concatenate([np.float32(gain) * noise[:front], worn])
    restored = denoise(worn, sr)
    before, after = (si_sdr(each[front:], target) for each in (worn, restored))
    drop = lead_in_drop(restored, worn, front)
    facts = {
        "music over noise and distortion": f"{before:.1f} → {after:.1f} dB",
        "noise before the music": f"{drop:.0f} dB quieter",
    }
    soundfile.write(out / "restored.flac", np.clip(restored, -1, 1), sr)
    show(
        worn, restored, sr, "A worn 78, restored", facts, 0.0,
        page=out / "listen.html", picture=out / "restored.png",
    )  # fmt: skip
    return Card(
        text=(
            "A prelude of Bach, played in code, gets the hiss, crackle, scratches and hum of a worn 78, and is "
            "restored by the small net and the noise profile that it finds in the second and a half before the music."
        ),
        command="hotpapers denoise restore old_78.flac -o clean.flac --report report.html",
        picture=out / "restored.png",
        picture_alt=(
            "Spectrograms of the worn record, of the restored one and of what was removed: vertical lines of "
            "crackle and a haze of hiss are gone, the notes' horizontal lines stay"
        ),
        sound=out / "restored.flac",
        page=out / "listen.html",
        facts=facts,
    )
