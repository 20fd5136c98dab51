"""Purchase orders, subcontracts and their change orders."""
