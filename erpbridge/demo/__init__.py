"""The demo companies: what `meridian.toml` and `harbor.toml` say there is, the modules here make.

`people` makes companies, people and lists; `documents` enters commitments and change orders;
`journey` takes them on their way to their ERP, whose part a stand-in of `sandbox` plays;
`loading` does all of it once and keeps what a person or the stand-in has to know.
"""
