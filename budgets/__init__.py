"""The budget of a project: its lines and modifications, its rounds to the ERP, and job costs."""
