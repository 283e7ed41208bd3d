"""Says what is wrong with events, by the JSON Schema of docs/events, in which nothing may be that the schema does not name.

Usage: event_form.py SCHEMA ASYNCAPI; a JSON array of events comes on standard input, an array of sentences goes out.
"""

import json
import sys

from jsonschema import Draft202012Validator


def close(form: object) -> None:
    """Lets objects have the members that are described, and no others."""
    if isinstance(form, dict):
        for member in form.values():
            close(member)
        if "properties" in form:
            form.setdefault("additionalProperties", False)
    elif isinstance(form, list):
        for item in form:
            close(item)


def strict(schema: dict, document: dict) -> dict:
    """The documented form, closed: whoever adds a member or a type has to describe it."""
    for name, form in schema["$defs"].items():
        # The envelope is closed where it is used, beside its `data`.
        if name != "Envelope":
            close(form)
    schema["unevaluatedProperties"] = False
    schema["properties"] = {"type": {"enum": list(document["components"]["messages"])}}
    return schema


def main() -> None:
    """The whole way."""
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        document = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(strict(schema, document), format_checker=Draft202012Validator.FORMAT_CHECKER)
    wrong = [
        f"{'/'.join(str(part) for part in error.absolute_path)}: {error.message[:500]} in the event {json.dumps(event)[:2000]}"
        for event in json.load(sys.stdin)
        for error in validator.iter_errors(event)
    ]
    json.dump(wrong, sys.stdout)


main()
