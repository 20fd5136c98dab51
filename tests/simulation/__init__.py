"""The production code in a hundred thousand disasters, each of which can be played again.

One thread, a real PostgreSQL, and a stand-in for QuickBooks in memory. People, Web Connectors,
workers, a bookkeeper and the operator take turns; every transaction is a move of one of them. Who
moves next, and what goes wrong in it, comes from a seed. Nothing of the product is copied or
imitated here: its steps, its engine, its scripts and its SOAP endpoint are what is played with.

`database` PostgreSQL with its clock and its moments of death in our hands, made new in milliseconds
`plan`     what is going to happen: drawn from a seed, and made shorter for a story
`site`     one company's people and documents; `people`, `office`: who acts there
`rules`    what must be so after every move, and in the end
`play`     one seed from its beginning to its end
`mutants`  the product without one of its rules: each must be caught
"""
