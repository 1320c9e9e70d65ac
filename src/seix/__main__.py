"""``python -m seix`` is the same as ``seix``."""

import sys

from seix.cli import main

sys.exit(main())
