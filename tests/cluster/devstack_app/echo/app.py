"""Answers with the event and the environment; misbehaves when it is asked to."""

import json
import os
import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    match event.get("do"):
        case "sleep":
            time.sleep(30)
        case "raise":
            raise ValueError("as asked")
        case "exit":
            os._exit(7)
        case "large":
            return "x" * (7 * 1024 * 1024)
        case "time left":
            return context.get_remaining_time_in_millis()
    if "requestContext" not in event:
        return {
            "event": event,
            "environment": dict(os.environ),
            "pid": os.getpid(),
            "arn": context.invoked_function_arn,
        }
    return {"statusCode": 201, "headers": {"X-Kind": "echo"}, "cookies": ["a=b"], "body": json.dumps(event)}
