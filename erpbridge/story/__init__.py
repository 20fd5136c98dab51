"""The main job, told line by line against an installation that runs.

`visitor` signs people in and speaks HTTP as they do; `books` says what the story wants to know of
an ERP, `quickbooks` and `spectrum` look into their stand-ins; `main_job` tells the story and judges
its end, `budget` tells of a round of a budget behind it.
"""
