"""The public interface: what ``__all__`` promises exists, is documented, and is known to type checkers."""

import ast
import inspect

import pytest

import dxent


@pytest.mark.parametrize("name", dxent.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(dxent, name)
    documented = value if inspect.isclass(value) or inspect.isroutine(value) else type(value)
    assert inspect.getdoc(documented)


def test_names_are_unique_and_dir_lists_them():
    assert len(set(dxent.__all__)) == len(dxent.__all__)
    assert dir(dxent) == sorted(dxent.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'stable_softmax'"):
        dxent.stable_softmax  # noqa: B018 (looking it up is the test)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(inspect.getsource(dxent))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    declared = {node.target.id for node in block.body if isinstance(node, ast.AnnAssign)}
    assert imported | declared == set(dxent.__all__)


def test_the_version_is_the_installed_one():
    from importlib.metadata import version

    assert dxent.__version__ == version("dxent")
