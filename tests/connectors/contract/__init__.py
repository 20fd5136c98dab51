"""What every registered connector must keep to, told once for all of them."""
