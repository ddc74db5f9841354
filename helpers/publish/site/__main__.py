"""`make site`: render every notebook, with its committed outputs, into site/."""

from helpers import stopping


def main() -> int:
    """Imports the builder only here, so that a stop while importing is caught too."""
    from helpers.publish.site.build import main as build

    return build()


if __name__ == "__main__":
    stopping.run(main, "The previous site is as it was.")
