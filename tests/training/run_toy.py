"""Train a toy in a process of its own: ``run_toy.py TASK {"arguments": ...} FOLDER {"settings": ...}``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hotpapers.training import train
from training import toys

if __name__ == "__main__":
    task = getattr(toys, sys.argv[1])(**json.loads(sys.argv[2]))
    changes = json.loads(sys.argv[4])
    resume = changes.pop("resume", False)
    train(task, toys.settings(Path(sys.argv[3]), **changes), resume=resume)
