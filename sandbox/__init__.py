"""Stand-ins for accounting systems, for the demo and for tests.

Nothing in here is an accounting system. Each stand-in keeps the rules of the real one as far as
they are documented, so that the connectors can be driven for real, over real HTTP, on a machine
without QuickBooks or Spectrum. A stand-in imports neither Django nor any of our apps.
"""
