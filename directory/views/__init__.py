"""Pages of the directory: people and levels, the lists, and the operator's."""
