"""The connection of a company to its ERP: setting it up step by step, and how it is doing."""
