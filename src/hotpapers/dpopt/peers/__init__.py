"""Programs that run other people's libraries, each under the Python that has them; nothing here imports hotpapers."""
