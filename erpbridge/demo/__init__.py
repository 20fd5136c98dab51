"""The demo companies: `meridian.toml` and `harbor.toml` say what there is; the modules make it real.

`people` makes companies, people and lists; `documents` enters commitments and change orders;
`journey` takes them on their way to their ERP, whose part a stand-in of `sandbox` plays;
`loading` does all of it once and keeps what a person or the stand-in has to know.
"""
