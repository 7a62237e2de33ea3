"""pool_python.py - a worker for pool_python.c: {id, cmd, ...} in, {id, result} or {id, error} out."""

import statistics

import worker


def perform(task, progress):
    if task["cmd"] == "mean":
        return statistics.mean(task["data"])
    for step in range(task["steps"]):
        progress(100 * (step + 1) / task["steps"])
    return "done"


channel = worker.Channel.from_environment()
for message, _ in channel:
    number = message["id"]
    if message.get("cancel"):
        continue
    try:
        result = perform(message, lambda part: channel.send({"id": number, "progress": part}))
        channel.send({"id": number, "result": result})
    except Exception as error:
        channel.send({"id": number, "error": str(error)})
