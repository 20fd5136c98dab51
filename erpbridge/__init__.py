"""The project: settings, addresses, the API's frame, and the supervisor behind ./run.

Imports nothing: ./run reaches the supervisor with a Python that has no packages yet.
"""
