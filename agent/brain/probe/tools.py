"""Does it call the right read with the right arguments, and none where none is needed?"""

from agent.brain.endpoint import Said, ToolCall
from agent.brain.endpoint.errors import ModelError
from agent.brain.fitness import Remark
from agent.brain.probe.bench import Bench
from agent.brain.probe.questions import ToolTask, questions
from agent.brain.probe.tally import Tally
from agent.brain.probe.words import has_all

RULES = (
    "You are the assistant of a security operations centre. Look things up with the tools; call no tool where nothing "
    "has to be looked up."
)
CALL = "a call of {tool} with {arguments}"
NO_CALL = Remark(template="an answer without a call")


async def check_tools(bench: Bench, tally: Tally) -> None:
    """Several reads are on offer; one of them fits, or none is needed."""
    tasks = bench.half(questions().tools[::-1])
    tally.planned = len(tasks)
    offered = tuple(tool.definition for tool in questions().reads)
    for task in tasks:
        try:
            said = await bench.session.ask(task.text, tools=offered, system=RULES)
        except ModelError as error:
            tally.failed(task.id, _wanted(task), error)
            continue
        tally.judge(_right(task, said), task.id, _wanted(task), _told(said))


def _right(task: ToolTask, said: Said) -> bool:
    """Whether the first call is the one that fits, or a text came where none is needed; no unknown tool either way."""
    known = {tool.name for tool in questions().reads}
    if any(call.name not in known for call in said.calls):
        return False
    if task.calls is None:
        return not said.calls and has_all(said.text, (task.mentions,))
    return bool(said.calls) and said.calls[0].name == task.calls and _fits(task, said.calls[0])


def _fits(task: ToolTask, call: ToolCall) -> bool:
    given = call.arguments or {}
    found = {name: str(given.get(name, "")).strip().casefold().replace(" ", "t") for name in task.arguments}
    return all(found[name].startswith(value.casefold()) for name, value in task.arguments.items())


def _wanted(task: ToolTask) -> Remark:
    if task.calls is None:
        return NO_CALL
    arguments = ", ".join(f"{name}={value}" for name, value in task.arguments.items())
    return Remark(template=CALL, values={"tool": task.calls, "arguments": arguments})


def _told(said: Said) -> str:
    return "; ".join(f"{call.name} {call.text}" for call in said.calls) or said.text
