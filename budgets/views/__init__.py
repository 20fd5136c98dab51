"""The pages of a project's budget and of its job costs."""
