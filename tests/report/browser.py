"""A page as a browser lays it out."""

import re
import shutil
import subprocess

import pytest


def measured_on_a_phone(page, expressions):
    """Return what expressions in JavaScript give of ``page``, 400 pixels wide; skip without a browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium to render the page: none is installed")
    script = (
        "const page = document.querySelector('iframe').contentDocument;"
        f"document.title = [{', '.join(expressions)}].flat().map(Number).join(' ');"
    )
    outer = page.with_name("phone.html")
    outer.write_text(
        f'<title></title><iframe src="{page.name}" width="400" height="900" onload="{script}"></iframe>'
    )
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    done = subprocess.run(
        [browser, *options.split(), "--disable-background-networking", "--disable-component-update",
         "--allow-file-access-from-files", f"--user-data-dir={page.with_name('profile')}",
         "--dump-dom", outer.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return [float(number) for number in re.search(r"<title>(.+?)</title>", done.stdout).group(1).split()]
