"""The command ``dxent`` and its subcommands, each loaded when it is called."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["root"]

# Each module defines `command`, and imports nothing but click until it runs.
_COMMANDS = {
    "fit": "dxent.cli.fit",
    "predict": "dxent.cli.predict",
    "inspect": "dxent.cli.inspect",
    "explain": "dxent.cli.explain",
    "check": "dxent.cli.check",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(_COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from dxent.kernels.dispatch import show_config

    config = show_config()
    click.echo(f"dxent {config['dxent']}, {config['kernels']} kernels ({config['instruction_set']})")
    context.exit()


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"max_content_width": 100, "show_default": True},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and which kernels run, and exit.",
)
@click.pass_context
def root(context: click.Context) -> None:
    """Softmax classification, proved optimal."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
