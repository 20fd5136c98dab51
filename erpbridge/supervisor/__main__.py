"""The commands of `./run`."""

import argparse
import sys

from erpbridge.supervisor import Refusal, checking, serving

USAGE = """\
usage: ./run COMMAND

  demo [--port N] [--no-sandbox]   the demo company, with stand-in ERPs unless told otherwise
  serve [--port N]                 an empty installation
  story                            the main job, told line by line
  operator EMAIL                   makes an operator; prints a one-time link
  manage COMMAND …                 a Django management command
  test [--full] [pytest's own …]   the tests
  check                            format, lint, types, layers, migrations, deployment settings
  bench [NAME …]                   the benchmarks

DATABASE_URL and REDIS_URL replace the embedded servers; ERPBRIDGE_HOME is where everything is kept
(without it: var)."""


def main(arguments: list[str]) -> int:
    command, *rest = arguments or ["help"]
    if command == "demo":
        parser = _parser("demo")
        parser.add_argument("--no-sandbox", action="store_false", dest="sandbox")
        options = parser.parse_args(rest)
        return serving.demo(options.port, options.sandbox)
    if command == "serve":
        return serving.serve(_parser("serve").parse_args(rest).port)
    if command == "operator" and len(rest) == 1:
        return serving.operator(rest[0])
    if command == "manage":
        return serving.manage(rest)
    if command == "test":
        return checking.test(rest)
    if command == "bench":
        return checking.bench(rest)
    if command == "story" and not rest:
        return serving.story()
    if command == "check" and not rest:
        return checking.check()
    sys.stdout.write(USAGE + "\n")
    return 0 if command in {"help", "-h", "--help"} else 2


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"./run {command}", allow_abbrev=False)
    parser.add_argument("--port", type=int, default=8000)
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)
