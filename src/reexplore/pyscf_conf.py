"""PySCF's settings: its own. `reexplore` names this file, so that PySCF runs none that lies in a folder."""
