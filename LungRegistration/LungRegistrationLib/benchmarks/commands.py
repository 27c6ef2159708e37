"""The command `correspond lung benchmark`. Nothing here imports torch before it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..method_options import add_method_options, settings_of

BENCHMARK = """\
Register all pairs of a reference data set that you have, and put the papers' table beside the result: results.csv, results.json,
report.html, a folder per case, and for EMPIRE10 the folder to submit. Every case runs in a process of its own. Started again
with the same output folder, finished cases are kept.

The folder holds the unpacked downloads, with the files' own names:
  dirlab-copd  copd1_iBHCT.img, copd1_eBHCT.img, copd1_300_iBH_xyz_r1.txt, copd1_300_eBH_xyz_r1.txt, ...
  dirlab-4dct  case1_T00_s.img, case1_T50_s.img, case1_300_T00_xyz.txt, case1_300_T50_xyz.txt, ...
  empire10     scans/01_Fixed.mhd, scans/01_Moving.mhd, lungMasks/01_Fixed.mhd, lungMasks/01_Moving.mhd, ...

Exit code 7: some cases failed, the others are done.
"""


def add_benchmark_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser("benchmark", help="a method on DIR-Lab or EMPIRE10, beside the papers", description=BENCHMARK)
    parser.add_argument("protocol", choices=("dirlab-copd", "dirlab-4dct", "empire10"))
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the downloads, in any subfolders")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--cases", nargs="+", metavar="CASE", help="names or numbers (default: all that are complete)")
    parser.add_argument("--compare", nargs="+", type=Path, default=[], metavar="DIR", help="test against other runs' outputs")
    parser.add_argument(
        "--fit-together",
        action="store_true",
        help="first fit one network's weights to all pairs together, as RRN's paper does; --steps are those of this fit then "
        "(default: the paper's)",
    )
    add_method_options(parser)
    parser.set_defaults(func=_benchmark)


def _benchmark(args: argparse.Namespace, progress: Progress) -> dict:
    from .run import Request, run_benchmark

    request = Request(
        protocol=args.protocol,
        folder=args.folder,
        output=args.output,
        settings=settings_of(args),
        cases=args.cases,
        compare=args.compare,
        together=args.fit_together,
        steps=args.steps,
        device=args.device,
        threads=args.threads,
    )
    return run_benchmark(request, progress)
