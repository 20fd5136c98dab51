"""The demo company: `company.toml` says what there is, the modules here make it, for real.

`people` makes companies, people and lists; `documents` enters commitments and change orders;
`journey` takes them on their way to QuickBooks, whose part the stand-in of `sandbox` plays;
`loading` does all of it once and keeps what a person or the stand-in has to know.
"""
