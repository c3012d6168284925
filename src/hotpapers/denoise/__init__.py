"""Historical recordings restored: hiss, crackle, clicks, hum and rumble out, the music left."""
