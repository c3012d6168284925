"""The classical engine as streaming stages: rumble, hum, clicks, hiss. No weights, no torch."""
