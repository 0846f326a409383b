#!/usr/bin/env python3
"""Fills in the texts of templates.json and chats.json by Jinja2, set up as transformers does it.

The two files hold the templates and what to render them with; this script writes "text" beside each, or "refused": true.
Needs jinja2 (3.1.6 made the values that are checked in). Run it after adding a case.
"""
import json, os
from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """{% generation %} as transformers has it, without the tracking: a block with a scope of its own."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def environment():
    def refuse(message):
        raise TemplateError(message)
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, Generation])
    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    env.globals["raise_exception"] = refuse
    return env


def render(env, source, **variables):
    try:
        return {"text": env.from_string(source).render(**variables)}
    except Exception:
        return {"refused": True}


def save(path, value, lists):
    """A line a case, so that a change shows as such."""
    parts = []
    for key, item in value.items():
        if key in lists:
            inner = ",\n  ".join(json.dumps(x, ensure_ascii=False) for x in item)
            parts.append(f' {json.dumps(key)}: [\n  {inner}\n ]')
        elif isinstance(item, dict):
            inner = ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in item.items())
            parts.append(f' {json.dumps(key)}: {{\n  {inner}\n }}')
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(item, ensure_ascii=False)}")
    with open(path, "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(parts) + "\n}\n")


here, env = os.path.dirname(os.path.abspath(__file__)), environment()

path = os.path.join(here, "templates.json")
data = json.load(open(path, encoding="utf-8"))
data["cases"] = [{"name": c["name"], "template": c["template"], **render(env, c["template"], **data["variables"])} for c in data["cases"]]
save(path, data, ["cases"])

path = os.path.join(here, "chats.json")
data = json.load(open(path, encoding="utf-8"))
data["cases"] = [
    {"template": name, "conversation": i, "generation": g,
     **render(env, source, messages=messages, add_generation_prompt=g, bos_token="<s>", eos_token="</s>")}
    for name, source in data["templates"].items() for i, messages in enumerate(data["conversations"]) for g in (False, True)]
save(path, data, ["conversations", "cases"])
