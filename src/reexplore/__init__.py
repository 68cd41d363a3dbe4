"""A closed loop that searches for ligands of the rare earths."""

import os
from pathlib import Path

# When PySCF is imported it runs `.pyscf_conf.py` of the working folder or of HOME: the first is anybody's code, and
# either changes numbers that a level alone should decide.
os.environ["PYSCF_CONFIG_FILE"] = str(Path(__file__).with_name("pyscf_conf.py"))

__version__ = "0.1.0"
