"""Viewpoint Spectrum through its Data Exchange: subcontracts, change orders, estimates, lists."""

from connectors.contract import Pushed
from connectors.spectrum.connector import Spectrum

connector: Pushed = Spectrum()

__all__ = ["Spectrum", "connector"]
