"""The documented keys are the keys of the schema."""

from pathlib import Path

from testbed.report.document import SCHEMA_VERSION, build_document
from testbed.report.schema import keys_table, load_schema, walk_keys
from tests.testbed.report.synthetic_result import run_result


def test_the_documentation_names_every_key(repository: Path) -> None:
    text = (repository / "docs" / "report-schema.md").read_text("utf-8")

    assert keys_table(load_schema()) in text


def test_every_key_is_described() -> None:
    undescribed = [path for path, node in walk_keys(load_schema()) if not node.get("description")]

    assert undescribed == []


def test_the_schema_lists_exactly_the_keys_that_are_written() -> None:
    schema = load_schema()
    document = build_document(run_result())

    assert set(schema["required"]) == set(schema["properties"]) == set(document)


def test_the_version_is_the_documents() -> None:
    assert load_schema()["title"].endswith(SCHEMA_VERSION)
