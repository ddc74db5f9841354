"""`make site`: render every notebook, with its committed outputs, into site/."""

import sys

from helpers.site.build import main

if __name__ == "__main__":
    sys.exit(main())
