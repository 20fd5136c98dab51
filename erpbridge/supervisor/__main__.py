"""The commands of `./run`."""

import argparse
import sys

from erpbridge.supervisor import Refusal, checking, say, serving, usage


def main(arguments: list[str]) -> int:
    command, *rest = arguments
    if command == "demo":
        parser = _parser("demo")
        parser.add_argument("--no-sandbox", action="store_false", dest="sandbox")
        options = parser.parse_args(rest)
        return serving.demo(options.port, options.sandbox)
    if command == "serve":
        return serving.serve(_parser("serve").parse_args(rest).port)
    if command == "operator" and rest:
        return serving.operator(rest)
    if command == "manage":
        return serving.manage(rest)
    if command == "test":
        return checking.test(rest)
    if command == "simulate":
        return checking.simulate(rest)
    if command == "bench":
        return checking.bench(rest)
    if command == "story":
        parser = argparse.ArgumentParser(prog="./run story", allow_abbrev=False)
        parser.add_argument("--erp", choices=["quickbooks", "spectrum"], default="quickbooks")
        return serving.story(parser.parse_args(rest).erp)
    if command == "check" and not rest:
        return checking.check()
    say(usage.USAGE)
    return 2


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
