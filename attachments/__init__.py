"""Files that belong to documents: signed change orders, quotes, photographs.

They lie in the database, in pieces, so that one dump holds everything and any web server can hand
them out. `content` says what a file is by looking into it, `keeping` keeps and removes, `serving`
hands out.
"""
