"""Runs scenarios one by one and prints one JSON line for each, as scenarios.mjs does."""

import asyncio
import json
import os
import sys

# Of PostgreSQL.
ENDPOINT = {
    "host": os.environ.get("PGHOST"),
    "port": int(os.environ.get("PGPORT", 0)),
    "user": os.environ.get("PGUSER"),
    "password": os.environ.get("PGPASSWORD"),
    "database": os.environ.get("PGDATABASE"),
}


class NotOffered(Exception):
    """Raised by a scenario that this client has no way to play."""


def scenario(registry, name):
    def register(play):
        registry[name] = play
        return play

    return register


def _line(name, outcome):
    print(json.dumps({"scenario": name, **outcome}, default=str, ensure_ascii=False), flush=True)


def _failure(error):
    state = getattr(error, "sqlstate", None) or ""
    return {"error": f"{state} {type(error).__name__}: {error}"}


def run(registry):
    for name, play in registry.items():
        try:
            _line(name, {"result": play()})
        except NotOffered as why:
            _line(name, {"skipped": str(why)})
        except Exception as error:
            _line(name, _failure(error))
    sys.stdout.flush()
    os._exit(0)


async def run_async(registry):
    for name, play in registry.items():
        try:
            _line(name, {"result": await asyncio.wait_for(play(), 90)})
        except NotOffered as why:
            _line(name, {"skipped": str(why)})
        except Exception as error:
            _line(name, _failure(error))
    sys.stdout.flush()
    os._exit(0)
