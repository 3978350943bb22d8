"""What concur writes is what docs/schema says, key by key.

usage: check_schema.py DUMP_JSON SCHEMA_DIR
"""
import copy
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: no python3-jsonschema for", sys.executable)
    sys.exit(77)

dump, schema_dir = sys.argv[1:]
failures = []


def written(what):
    return json.loads(subprocess.run([dump, what], check=True, stdout=subprocess.PIPE).stdout)


def expect(condition, *why):
    if not condition:
        failures.append(" ".join(map(str, why)))


def resolved(schema, top):
    while "$ref" in schema:
        schema = top["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def undocumented(value, schema, top, path=""):
    """Paths of keys that no "properties" names."""
    schema = resolved(schema, top)
    if isinstance(value, dict):
        for key, child in value.items():
            if key not in schema.get("properties", {}):
                yield path + "." + key
            else:
                yield from undocumented(child, schema["properties"][key], top, path + "." + key)
    elif isinstance(value, list):
        for child in value:
            yield from undocumented(child, schema.get("items", {}), top, path + "[]")


def places(value):
    """Every (container, key) below value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


def check_document(what, schema):
    validator = jsonschema.Draft202012Validator(schema)
    document = written(what)
    for error in validator.iter_errors(document):
        failures.append(f"{what}: {error.message} at {list(error.absolute_path)}")
    for path in undocumented(document, schema, schema):
        failures.append(f"{what}{path}: not in the schema")
    # A schema that accepts anything says nothing: a value of another type must be refused.
    broken = copy.deepcopy(document)
    tried = 0
    for parent, key in list(places(broken)):
        good = parent[key]
        parent[key] = {} if isinstance(good, list) else []
        expect(not validator.is_valid(broken), f"{what}: the schema accepts {parent[key]} for {key}")
        parent[key] = good
        tried += 1
    expect(tried > 10, what, "has only", tried, "values")


def check_enums(name, schema, keys):
    for enum, listed in schema.get("$defs", {}).items():
        if "enum" in listed:
            expect(listed["enum"] == keys[enum], f"{name}: {enum} is {listed['enum']}, written {keys[enum]}")


keys = written("keys")
for name, whats in {"run": ["run", "empty"], "comparison": ["comparison"], "runs": ["runs"],
                    "history": ["history"], "gate": ["gate"]}.items():
    with open(f"{schema_dir}/{name}.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    check_enums(name, schema, keys)
    for what in whats:
        check_document(what, schema)
run = json.load(open(f"{schema_dir}/run.schema.json", encoding="utf-8"))
expect(list(run["$defs"]["waits"]["properties"]) == keys["wait_kind"], "profile.waits")

print("\n".join(failures) or "what is written is what the schemas say")
sys.exit(bool(failures))
