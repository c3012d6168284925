"""What the paper claims, and what we measure of it.

The paper's text was not at hand: its numbers are not repeated here, and claims beyond its abstract are reconstructions.
"""

from __future__ import annotations

from hotpapers.common.claims import Claim, Measurement

__all__ = ["CLAIMS"]


def check_gain() -> Measurement:
    """D1."""
    from hotpapers.denoise.claim_checks import beats_others

    return beats_others()


def check_clean_music() -> Measurement:
    """D2."""
    from hotpapers.denoise.claim_checks import keeps_clean_music

    return keeps_clean_music()


def check_old_recordings() -> Measurement:
    """D3."""
    from hotpapers.denoise.claim_checks import works_on_old_recordings

    return works_on_old_recordings()


def check_complex_masks() -> Measurement:
    """D4."""
    from hotpapers.denoise.claim_checks import complex_masks_matter

    return complex_masks_matter()


def check_critics() -> Measurement:
    """D5."""
    from hotpapers.denoise.claim_checks import listeners_are_needed

    return listeners_are_needed()


def check_recorded_noise() -> Measurement:
    """D6."""
    from hotpapers.denoise.claim_checks import recorded_noise_matters

    return recorded_noise_matters()


CLAIMS = (
    Claim(
        id="D1",
        statement="Removes noise from mixtures of music and noise never heard in training, better than classical tools",
        reported="stated; its numbers could not be verified",
        check=check_gain,
        source="abstract",
    ),
    Claim(
        id="D2",
        statement="Preserves the quality and the details of the music",
        reported="stated",
        check=check_clean_music,
        source="abstract",
    ),
    Claim(
        id="D3",
        statement="Works on real historical recordings, by the judgement of listeners",
        reported="stated, by raters",
        check=check_old_recordings,
        source="abstract",
    ),
    Claim(
        id="D4",
        statement="A net over complex spectrograms beats one over magnitudes",
        reported="a reconstruction: not verified in the paper's text",
        check=check_complex_masks,
        tier="full",
    ),
    Claim(
        id="D5",
        statement="Adversarial loss beside reconstruction sounds better than reconstruction alone",
        reported="a reconstruction: not verified in the paper's text",
        check=check_critics,
        tier="full",
    ),
    Claim(
        id="D6",
        statement="Noise mined from real recordings matters: generated noise alone trains a worse net",
        reported="a reconstruction, after the paper's successors",
        check=check_recorded_noise,
        tier="full",
    ),
)
