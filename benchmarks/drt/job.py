"""One sync by drt: every row of a DuckDB table to an HTTP server. Run by `against_drt.py`, in drt's environment.

    python job.py DATABASE QUERY URL ROWS_A_REQUEST

Prints the seconds that it took, once everything is imported.
"""

import json
import sys
import time
from pathlib import Path

from drt.config.credentials import DuckDBProfile
from drt.config.models import SyncConfig
from drt.destinations.rest_api import RestApiDestination
from drt.engine.sync import run_sync
from drt.sources.duckdb import DuckDBSource

database, query, url, batch = sys.argv[1:]
# As fast as its options allow: nothing paces it, and many rows share a client (it makes one for each of its batches).
destination: dict[str, object] = {"type": "rest_api", "url": url, "rate_limit": {"requests_per_second": 0}}
if int(batch) > 1:
    destination |= {
        "body_mode": "batch",
        "batch_template": '{"rows": {{ rows | tojson_safe }}}',
        "max_records_per_request": int(batch),
        "headers": {"Content-Type": "application/json"},
    }
sync = SyncConfig.model_validate(
    {"name": "best", "model": query, "destination": destination, "sync": {"mode": "full", "batch_size": 10_000}}
)
began = time.perf_counter()
result = run_sync(
    sync, DuckDBSource(), RestApiDestination(), DuckDBProfile(type="duckdb", database=database), Path(database).parent
)
print(json.dumps({"seconds": time.perf_counter() - began, "success": result.success, "failed": result.failed}))
