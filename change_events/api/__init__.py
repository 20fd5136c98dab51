"""Change events by API."""
