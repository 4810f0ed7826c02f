"""Derivations: how one loss becomes another, in steps with pictures."""

from cl_core import ui

ui.show_link_notes(ui.derivation_notes())

ui.intro("Derivations", "How one loss becomes another, step by step. Each step has its formula and its picture.")
ui.show_derivation()
