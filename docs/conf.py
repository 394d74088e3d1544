"""How Sphinx builds these pages: ``make docs``."""

project = "dxent"
author = "The dxent developers"
copyright = author

extensions = ["myst_nb"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]

# A page that cannot be run, or that warns, is a page that is wrong.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
