"""Notes every record in its temporary folder; a message "fail once" is reported as failed the first time."""

import json
import os
import time
from pathlib import Path
from typing import Any

NOTES = Path(os.environ["TMPDIR"]) / "notes.jsonl"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    failed = []
    with NOTES.open("a") as file:
        for record in event.get("Records", [event]):
            file.write(json.dumps({"at": time.time(), "record": record}) + "\n")
            times = record.get("attributes", {}).get("ApproximateReceiveCount")
            if record.get("body") == "fail once" and times == "1":
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
