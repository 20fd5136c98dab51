"""Companies, projects, people and what they may do, vendors and cost codes, and the history."""
