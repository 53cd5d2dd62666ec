"""An investigation is one span, and each tool it asks is one below it."""

from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evals.pipeline import lab_pipeline
from tests.labs import lab_at


async def test_each_tool_that_was_asked_is_a_span_of_the_investigation(
    tmp_path: Path, exporter: InMemorySpanExporter
) -> None:
    """Whoever looks at traces sees what a case did, under its id, and nothing of what was said."""
    lab_at(tmp_path / "lab.db", 11, [("password_spray", "attack")])
    async with lab_pipeline(tmp_path, tmp_path / "lab.db") as pipeline:
        raw = (await pipeline.new_alerts())[0]
        exporter.clear()
        case = await pipeline.handle(raw)

    *tools, whole = exporter.get_finished_spans()
    assert case.report is not None
    assert (whole.name, dict(whole.attributes or {})["gen_ai.conversation.id"]) == ("invoke_agent mcpsoc", case.id)
    assert len(tools) == case.report.calls
    assert whole.context is not None
    for span in tools:
        assert span.name.startswith("execute_tool ")
        assert span.parent is not None
        assert span.parent.trace_id == whole.context.trace_id
        assert set(span.attributes or {}) <= {"gen_ai.operation.name", "gen_ai.tool.name", "error.type"}
