"""The main job, told line by line against an installation that runs.

`visitor` signs people in and speaks HTTP as they do; `books` looks into the stand-in for
QuickBooks; `main_job` tells the story and judges its end.
"""
