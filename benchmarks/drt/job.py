"""One sync by drt: every row of a DuckDB table to an HTTP server. Run by `against_drt.py`, in drt's environment.

    python job.py DATABASE QUERY URL ROWS_A_REQUEST ROWS_A_CLIENT

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

database, query, url, batch, together = sys.argv[1:]
# Nothing paces it. It makes an HTTP client for each of its own batches, so these decide much of its speed.
destination: dict[str, object] = {"type": "rest_api", "url": url, "rate_limit": {"requests_per_second": 0}}
if int(batch) > 1:
    destination |= {
        "body_mode": "batch",
        "batch_template": '{"rows": {{ rows | tojson_safe }}}',
        "max_records_per_request": int(batch),
        "headers": {"Content-Type": "application/json"},
    }
sync = SyncConfig.model_validate(
    {"name": "best", "model": query, "destination": destination, "sync": {"mode": "full", "batch_size": int(together)}}
)
began = time.perf_counter()
result = run_sync(
    sync, DuckDBSource(), RestApiDestination(), DuckDBProfile(type="duckdb", database=database), Path(database).parent
)
print(json.dumps({"seconds": time.perf_counter() - began, "success": result.success, "failed": result.failed}))
