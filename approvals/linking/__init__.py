"""Linking items to what the ERP has already, one or a job's many; its verbs are in `workflow`."""
