"""Does it read Chinese like English, and answer in the language it was asked in?"""

from agent.brain.endpoint.errors import ModelError
from agent.brain.fitness import Remark
from agent.brain.probe.bench import Bench
from agent.brain.probe.cases import given, to_conclude
from agent.brain.probe.judgement import judge
from agent.brain.probe.questions import Asked, questions
from agent.brain.probe.tally import Tally
from agent.brain.probe.words import chinese_share, has_all

MOSTLY = 0.5
"""Share of Chinese from which an answer is in Chinese."""
ANSWER = {
    "zh": Remark(template="an answer in Chinese that holds what the note says"),
    "en": Remark(template="an answer in English that holds what the note says"),
}


async def check_chinese(bench: Bench, tally: Tally) -> None:
    """The first case in Chinese has the answer it has in English; questions about a note are answered from it."""
    case, asked = given().cases[0], bench.half(questions().chinese.asked)
    tally.planned = len(asked)
    if bench.mode is not None:
        tally.planned += 1
        judge(bench, tally, case, await bench.concluded(f"{case.id} zh", to_conclude(case, "zh")), f"{case.id} zh")
    for question in asked:
        try:
            said = await bench.session.ask(f"{questions().chinese.note}\n{question.text}")
        except ModelError as error:
            tally.failed(question.id, ANSWER[question.language], error)
            continue
        tally.judge(_answers(question, said.text), question.id, ANSWER[question.language], said.text)


def _answers(question: Asked, text: str) -> bool:
    in_chinese = chinese_share(text) >= MOSTLY
    return in_chinese == (question.language == "zh") and has_all(text, question.mentions)
