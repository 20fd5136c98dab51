"""The pages of commitments and change orders."""
