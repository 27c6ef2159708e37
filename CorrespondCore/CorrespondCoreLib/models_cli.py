"""The commands `correspond models list | import | delete`: the user's trained networks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .progress import Progress

if TYPE_CHECKING:
    from .models import Model


def add_models_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands to the dispatcher."""
    parser = subparsers.add_parser("list", help="your models, and folders that cannot be used")
    parser.set_defaults(func=_list)
    parser = subparsers.add_parser("import", help="copy a model into your folder; one of the same id there is replaced")
    parser.add_argument("source", type=Path, metavar="MODEL", help="folder with card.json and its weights, or a zip of it")
    parser.set_defaults(func=_import)
    parser = subparsers.add_parser("delete", help="delete a model from your folder")
    parser.add_argument("id", metavar="ID", help="as `correspond models list` names it")
    parser.set_defaults(func=_delete)


def _list(args: argparse.Namespace, progress: Progress) -> dict:
    from .models import ModelStore, user_models_folder

    models, problems = ModelStore().available()
    return {"folder": str(user_models_folder()), "models": [_facts(model) for model in models], "problems": problems}


def _import(args: argparse.Namespace, progress: Progress) -> dict:
    from .models import ModelStore

    return {"model": _facts(ModelStore().import_model(args.source))}


def _delete(args: argparse.Namespace, progress: Progress) -> dict:
    from .models import ModelStore

    ModelStore().delete(args.id)
    return {"deleted": args.id}


def _facts(model: Model) -> dict[str, Any]:
    return {"id": model.id, "title": model.card["title"], "method": model.card["method"], "folder": str(model.folder)}
