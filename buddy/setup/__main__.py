"""`python3 -m buddy.setup [tools|run|test|clean]`: what make does before everything else.

Read by whatever `python3` is, so this module alone must be understood by old ones too.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the bare interpreter may be any
    sys.exit(
        "GoToBuddy needs Python 3.11 or newer; {} is {}.{}. Install a newer one and name it, "
        "for example: make run PYTHON=python3.12".format(sys.executable, *sys.version_info[:2])
    )

from buddy.setup.setting_up import main

sys.exit(main(sys.argv[1:]))
