"""How long it takes to begin: ``import rft``, the command line, the first verdict, each in a process of its own.

    python -m benchmarks.start_up [runs]

The bare interpreter stands beside them; what is above its time is ours.
"""

import subprocess
import sys
import time
from statistics import median

from benchmarks.table import print_table

BEGINNINGS = {
    "the bare interpreter": ["-c", "pass"],
    "import rft": ["-c", "import rft"],
    "import rft and one math verdict": ["-c", "import rft; rft.verify('math', '4', 'It is 4.')"],
    "rft --help": ["-m", "rft", "--help"],
    "rft run --help": ["-m", "rft", "run", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Returns how long a Python process takes, in seconds by the clock."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Prints the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    rows = []
    for name, arguments in BEGINNINGS.items():
        times = [seconds(arguments) * 1000 for _ in range(runs)]
        rows.append([name, f"{median(times):.0f}", f"{max(times):.0f}"])
    print_table(["beginning", "median, ms", "slowest, ms"], rows)


if __name__ == "__main__":
    main()
