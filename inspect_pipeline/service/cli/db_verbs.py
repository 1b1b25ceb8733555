"""`run_pipeline.py db`: every verb that looks after the database."""

from __future__ import annotations

import typer

from inspect_pipeline.service.cli import backups, database, pruning

app = typer.Typer(
    help="The findings database: its tables, the pictures beside it, backups.",
    no_args_is_help=True,
)
app.command("upgrade")(database.upgrade_database)
app.command("check")(database.check_database)
app.command("backup")(backups.backup_database)
app.command("restore")(backups.restore_database)
app.command("prune")(pruning.prune_database)
