"""Noise of old carriers, made from a table of physical parameters."""

from hotpapers.denoise.noise_generator.rendering import render_parts, synth_noise
from hotpapers.denoise.noise_generator.table import PRESETS, TABLE, Choice, Range, draw_parameters

__all__ = ["PRESETS", "TABLE", "Choice", "Range", "draw_parameters", "render_parts", "synth_noise"]
