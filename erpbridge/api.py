"""The API's frame."""
