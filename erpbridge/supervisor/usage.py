"""What `./run` can do, in the words it says itself."""

import re

USAGE = """\
usage: ./run COMMAND

  demo [--port N] [--no-sandbox]   two demo companies, with stand-in ERPs unless told otherwise
  serve [--port N]                 an empty installation
  story [--erp quickbooks|spectrum]
                                   the main job, told line by line
  operator EMAIL [--name NAME]     makes an operator; prints a one-time link
  manage COMMAND …                 a Django management command
  test [--full] [pytest's own …]   the tests
  simulate [--seed K] [--seeds N] [--minutes M] [--faults PROFILE]
                                   the product in seeded disasters, each of which can be repeated
  check                            format, lint, types, layers, migrations, deployment settings
  bench [NAME …]                   the benchmarks

DATABASE_URL and REDIS_URL replace the embedded servers; ERPBRIDGE_HOME is where everything is kept
(without it: var)."""

COMMANDS = re.findall(r"^  ([a-z]+)", USAGE, re.MULTILINE)
