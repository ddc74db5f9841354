"""The rendered pages in Firefox and WebKit: `make engines`, see __main__.py."""
