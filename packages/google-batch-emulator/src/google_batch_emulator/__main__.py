"""Run the emulator by ``python -m google_batch_emulator``."""

from google_batch_emulator.cli import main

if __name__ == "__main__":
    main()
