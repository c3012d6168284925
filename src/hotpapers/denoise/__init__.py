"""Historical recordings restored: hiss, crackle, clicks, hum and rumble out, the music left.

>>> from hotpapers.denoise import denoise_file
>>> denoise_file("old_78.flac", "clean.flac", report="report.html")  # doctest: +SKIP
"""

from typing import TYPE_CHECKING

from hotpapers.common.faces import lazy_face

if TYPE_CHECKING:
    from hotpapers.denoise.arrays import denoise, reduce_noise
    from hotpapers.denoise.engines import Engine, load_engine
    from hotpapers.denoise.errors import DenoiseError
    from hotpapers.denoise.extending import noise_to_length
    from hotpapers.denoise.live import Stream
    from hotpapers.denoise.mining import NoiseSegment, extract_noise
    from hotpapers.denoise.mixing import mix
    from hotpapers.denoise.noise_generator import synth_noise
    from hotpapers.denoise.profile import NoiseProfile
    from hotpapers.denoise.settings import Restoration, Settings
    from hotpapers.denoise.stages import Stage
    from hotpapers.denoise.survey import Survey
    from hotpapers.denoise.whole_files import denoise_file

__all__ = [
    "DenoiseError",
    "Engine",
    "NoiseProfile",
    "NoiseSegment",
    "Restoration",
    "Settings",
    "Stage",
    "Stream",
    "Survey",
    "denoise",
    "denoise_file",
    "extract_noise",
    "load_engine",
    "mix",
    "noise_to_length",
    "reduce_noise",
    "synth_noise",
]

__getattr__ = lazy_face(
    __name__,
    arrays=("denoise", "reduce_noise"),
    engines=("Engine", "load_engine"),
    errors=("DenoiseError",),
    extending=("noise_to_length",),
    live=("Stream",),
    mining=("NoiseSegment", "extract_noise"),
    mixing=("mix",),
    noise_generator=("synth_noise",),
    profile=("NoiseProfile",),
    settings=("Restoration", "Settings"),
    stages=("Stage",),
    survey=("Survey",),
    whole_files=("denoise_file",),
)
