"""The simulation's command line.

``python -m simulation [SEEDS] [--from K]`` runs seeds, ``crashes`` every crash point of every
scenario, ``shrink SEED`` finds the fewest faults under which a seed fails, ``coverage`` says which
branches of the protocol are taken. Each prints the story of
what failed and how to run it again, ends with a line of totals, and with 1 when a rule was broken.
From a thousand seeds on that is also so when something that has to happen sometimes never did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from simulation import campaign, crashes
from simulation.plays import Play, played
from simulation.scenarios import SCENARIOS
from simulation.shrink import MOST_RUNS, NothingToShrink, shrunk
from simulation.strikes import Spot
from simulation.totals import Totals
from simulation.trial import Verdict, tried

MANY = 1_000
"""From so many seeds on everything rare must have happened."""


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; seeds, where nothing is."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    _add_seeds(verbs.add_parser("seeds", help="run seeds; the word may be left out"))
    _add_crashes(verbs.add_parser("crashes", help="strike at every call of every scenario"))
    coverage = verbs.add_parser("coverage", help="which branches of the protocol are taken")
    coverage.add_argument("seeds", nargs="?", type=int, default=300)
    shrink = verbs.add_parser("shrink", help="find the fewest faults under which a seed fails")
    shrink.add_argument("seed", type=int)
    shrink.add_argument("--runs", type=int, default=MOST_RUNS, help="at most so many")
    is_named = bool(arguments) and arguments[0] in (*verbs.choices, "-h", "--help")
    chosen = parser.parse_args(arguments if is_named else ["seeds", *arguments])
    acts = {"seeds": _seeds, "crashes": _crashes, "shrink": _shrink, "coverage": _coverage}
    return acts[chosen.verb](chosen)


def _add_seeds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("seeds", nargs="?", type=int, default=100)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="K")
    parser.add_argument("--tell", action="store_true", help="run one seed here, and tell its story")
    parser.add_argument("--stop", action="store_true", help="end soon after a seed that fails")
    _add_running(parser)


def _add_crashes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", choices=SCENARIOS, metavar="SCENARIO", help="this one alone")
    parser.add_argument(
        "--kill", type=int, nargs="*", default=[], metavar="CALL", help="strike there, and tell"
    )
    parser.add_argument(
        "--lose", type=int, nargs="*", default=[], metavar="LINE", help="lose that, and tell"
    )
    _add_running(parser)


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="file for the figures; crashes add to what it has")


def _seeds(chosen: argparse.Namespace) -> int:
    if chosen.tell:
        verdict = tried(chosen.first)
        _tell_seed(verdict)
        return int(bool(verdict.violations))
    seeds = range(chosen.first, chosen.first + chosen.seeds)

    def goes_on(so_far: Totals) -> bool:
        if so_far.seeds % MANY == 0 and so_far.seeds < chosen.seeds:
            _say(f"{so_far.seeds} of {chosen.seeds} seeds, {len(so_far.failed)} failed")
        return not (chosen.stop and so_far.failed)

    totals, seconds = campaign.run(seeds, workers=chosen.workers, told=_tell_seed, goes_on=goes_on)
    _keep(chosen.out, totals.figures(seconds))
    missed = totals.missed if totals.seeds >= MANY else []
    _say(totals.line(seconds), *(f"never happened: {what}" for what in missed))
    return int(bool(totals.failed or totals.mismatches or missed))


def _crashes(chosen: argparse.Namespace) -> int:
    spots = (*map(Spot, chosen.kill), *(Spot(line, is_line=True) for line in chosen.lose))
    if spots and chosen.only:
        play = played(SCENARIOS[chosen.only], spots)
        _tell_play(play)
        return int(bool(play.violations))
    names = [chosen.only] if chosen.only else list(SCENARIOS)
    found, seconds = crashes.enumerated(names, workers=chosen.workers, told=_tell_play)
    kept = json.loads(chosen.out.read_text()) if chosen.out and chosen.out.exists() else {}
    _keep(chosen.out, {**kept, "crashes": found.figures(seconds)})
    _say(found.line(seconds))
    return int(bool(found.failed))


def _coverage(chosen: argparse.Namespace) -> int:
    # Much of the protocol is loaded here already, where nobody counted.
    command = [sys.executable, "-m", "simulation.coverage", str(chosen.seeds)]
    return subprocess.run(command, check=False).returncode


def _shrink(chosen: argparse.Namespace) -> int:
    try:
        found = shrunk(chosen.seed, most=chosen.runs)
    except NothingToShrink as nothing:
        _say(f"{nothing}")
        return 0
    _say(
        *found.verdict.story,
        f"seed {found.seed} breaks {found.rule} with {len(found.faults)} of {found.before} faults"
        f" ({', '.join(map(str, found.faults)) or 'none'}); {found.runs} runs",
    )
    return 1


def _tell_seed(verdict: Verdict) -> None:
    _say(
        f"seed {verdict.seed}: {verdict.swarm}",
        *verdict.story,
        f"seed {verdict.seed}: {verdict.steps} steps, {verdict.faults.total()} faults, converged"
        f" {verdict.converged}, {len(verdict.violations)} violations, trace {verdict.trace}; again:"
        f" python -m simulation --tell --from {verdict.seed}",
    )


def _tell_play(play: Play) -> None:
    _say(
        *play.story,
        f"{play.scenario}: {', '.join(play.struck) or 'no strike'}; {len(play.violations)}"
        f" violations, trace {play.trace}; again: {play.again}",
    )


def _keep(out: Path | None, figures: dict[str, object]) -> None:
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n")


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
