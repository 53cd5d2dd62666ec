"""The nodes of the conversation graph: state in, the fields it changes out."""

import asyncio
import time
from datetime import datetime
from typing import Final

from langgraph.runtime import Runtime
from pydantic import JsonValue

from agent.brain.endpoint.errors import ModelError
from agent.conversation.model import Writing, checked_writing
from agent.conversation.models import Answer, Entity, Referents, Sentence, moment_text
from agent.conversation.protocol import Draft, Speech, Understood
from agent.conversation.sentences import checked
from agent.conversation.state import Deps, State, packed, unpacked
from agent.conversation.understanding.plain import language_of
from agent.conversation.understanding.table import load_table
from agent.evidence.text import inert
from agent.wording import Language, localised

PATIENCE_S: Final = 0.5
"""How long the first step waits for the question to be understood, names looked up included."""
SUGGESTED: Final = 3
LAST_RESORTS: Final = ("knowledge", "capabilities")
"""Intents that answer when no other does, in this order."""

WITHOUT_MODEL: Final = "Answered by intents, search and playbooks, without a language model."
RECEIVED: Final = "Looking up what the question names."
NEAREST: Final = "I did not understand that. Perhaps you mean one of these:"
AMBIGUOUS: Final = "This can be meant in several ways."
NOT_UNDERSTOOD: Final = "I do not know how to answer that."
MODEL_FAILED: Final = "The language model gave no usable answer ({reason}); this is answered without it."
NOTHING_STOOD: Final = "Nothing of what the language model wrote holds on the evidence; this is answered without it."
STILL_USEFUL: Final = ("Which alerts are open?", "What changed since my last visit?", "What can you do?")


async def understand(state: State, runtime: Runtime[Deps]) -> State:
    """Read the question, with what the thread talked about before."""
    deps = runtime.context
    understood = await _understood_in_time(state, deps, referents_in(state))
    await deps.teller.tell("understood", told_as(understood))
    return {"understood": packed(understood)}


async def look(state: State, runtime: Runtime[Deps]) -> State:
    """Answer by the intent that the question was taken for."""
    deps, understood = runtime.context, unpacked(Understood, state["understood"])
    if deps.brain is None:
        await deps.teller.first_time(localised(WITHOUT_MODEL, understood.language))
    intent = deps.intents.get(understood.intent or "")
    draft = await intent.answer(understood, referents_in(state), deps.looker) if intent else None
    if draft is None:
        draft = await _answer_of_last_resort(understood, referents_in(state), deps)
    return {"draft": packed(draft), "with_model": deps.brain is not None}


async def phrase(state: State, runtime: Runtime[Deps]) -> State:
    """Let the model look further and write; whatever goes wrong with it is told, and the intents' answer stands."""
    deps, understood = runtime.context, unpacked(Understood, state["understood"])
    if deps.brain is None:
        return {"written": None}
    await deps.teller.first_time(deps.brain.disclosure(understood.language))
    known, _ = checked(unpacked(Draft, state["draft"]), deps.ledger.by_id, understood.language, understood)
    try:
        writing = await deps.brain.answer(understood, known, deps.history, deps.tools, deps.looker, deps.ledger.by_id)
    except ModelError as error:
        told = localised(MODEL_FAILED, understood.language).format(reason=inert(str(error)))
        await deps.teller.tell("notice", told)
        return {"written": None}
    return {"written": packed(writing)}


async def check(state: State, runtime: Runtime[Deps]) -> State:
    """Strike what the evidence does not bear; tell every sentence, the struck ones as struck."""
    deps, understood = runtime.context, unpacked(Understood, state["understood"])
    sentences, struck, brain = await _checked(state, deps, understood)
    for sentence in sentences:
        await deps.teller.tell("sentence", sentence.text, sentence=sentence)
    for sentence in struck:
        await deps.teller.tell("struck", sentence.text, sentence=sentence)
    return {"sentences": [packed(item) for item in sentences], "struck": [packed(item) for item in struck], "by": brain}


async def suggest(state: State, runtime: Runtime[Deps]) -> State:
    """Put the answer together, with what a person may do or ask next, and remember what it was about."""
    deps, understood = runtime.context, unpacked(Understood, state["understood"])
    draft = unpacked(Draft, state["draft"])
    added = await asyncio.to_thread(deps.teller.store.evidence_of_run, state["run_id"])
    answer = Answer(
        run_id=state["run_id"],
        thread_id=state["thread_id"],
        question=state["question"],
        language=understood.language,
        brain=state["by"],
        intent=understood.intent,
        sentences=_sentences(state["sentences"]),
        struck=_sentences(state["struck"]),
        readings=understood.readings,
        proposals=draft.proposals,
        suggestions=_suggestions(draft, state["question"], understood.language),
        evidence=added,
        calls=len(added),
        seconds=round(max(0.0, time.time() - state["began"]), 3),
    )
    return {
        "answer": packed(answer),
        "referents": packed(draft.referents or remembered(understood, referents_in(state))),
    }


def referents_in(state: State) -> Referents:
    """What the thread talked about before this question."""
    kept = unpacked(Referents, state.get("referents") or {})
    visit, case_id, entities = state["last_visit"], state["case_id"], kept.entities
    if case_id is not None and all(entity.type != "case" for entity in entities):
        entities = (*entities, Entity(type="case", value=case_id))
    moment = None if visit is None else datetime.fromisoformat(visit)
    return kept.model_copy(update={"entities": entities, "last_visit": moment})


def remembered(understood: Understood, before: Referents) -> Referents:
    """The question's own things in front of those of earlier questions, one of each type."""
    by_type: dict[str, Entity] = {}
    for entity in (*understood.entities, *before.entities):
        by_type.setdefault(entity.type, entity)
    return before.model_copy(
        update={
            "entities": tuple(by_type.values()),
            "window": understood.window or before.window,
            "intent": understood.intent or before.intent,
            "filters": understood.filters or before.filters,
            "subjects": tuple(entity for entity in understood.entities if entity.said),
            "span": understood.window,
        }
    )


def told_as(understood: Understood) -> str:
    """What the question was taken for, in one line."""
    language = understood.language
    if understood.intent is None:
        return localised(AMBIGUOUS if understood.readings else "No intent fits the question.", language)
    about = [localised(understood.intent.replace("_", " "), language)]
    said = _about(understood)
    about += [inert(f"{localised(entity.type, language)} {entity.value}") for entity in said]
    if understood.window is not None:
        about.append(f"{moment_text(understood.window.start)} – {moment_text(understood.window.end)}")
    return localised("Understood as: {about}", language).format(about=", ".join(about))


def _about(understood: Understood) -> list[Entity]:
    """What the question names or points at; beside it, what the intent takes from the thread to have its subject."""
    said = [entity for entity in understood.entities if entity.said]
    row = load_table().rows.get(understood.intent or "")
    needs = set(row.needs) if row else set()
    if not needs or needs.intersection(entity.type for entity in said):
        return said
    return [*said, *[entity for entity in understood.entities if entity.type in needs][:1]]


async def _understood_in_time(state: State, deps: Deps, referents: Referents) -> Understood:
    """The question, understood; when that takes long, a first step says that it came in."""
    reading = asyncio.ensure_future(deps.understanding(state["question"], state["language"], referents, deps.looker))
    try:
        await asyncio.wait({reading}, timeout=PATIENCE_S)
        if not reading.done():
            await deps.teller.tell(
                "understood", localised(RECEIVED, state["language"] or language_of(state["question"]))
            )
        return await reading
    finally:
        reading.cancel()


async def _answer_of_last_resort(understood: Understood, referents: Referents, deps: Deps) -> Draft:
    if understood.readings:
        return Draft(said=(Speech(NEAREST if understood.guessed else AMBIGUOUS),))
    intent = next((deps.intents[name] for name in LAST_RESORTS if name in deps.intents), None)
    if intent is None:
        return Draft(said=(Speech(NOT_UNDERSTOOD),))
    draft = await intent.answer(understood, referents, deps.looker)
    return Draft((Speech(NOT_UNDERSTOOD), *draft.said), draft.proposals, draft.suggestions, draft.referents)


async def _checked(
    state: State, deps: Deps, understood: Understood
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...], str]:
    """What stands, what was struck, and who wrote what stands."""
    language, evidence = understood.language, deps.ledger.by_id
    struck: tuple[Sentence, ...] = ()
    if state["written"] is not None and deps.brain is not None:
        writing = unpacked(Writing, state["written"])
        sentences, struck = checked_writing(writing, evidence, language, understood)
        if any(sentence.kind != "speech" for sentence in sentences):
            return sentences, struck, deps.brain.name
        await deps.teller.tell("notice", localised(NOTHING_STOOD, language))
    own, own_struck = checked(unpacked(Draft, state["draft"]), evidence, language, understood)
    return own, (*struck, *own_struck), "playbook"


def _sentences(documents: list[JsonValue]) -> tuple[Sentence, ...]:
    return tuple(unpacked(Sentence, document) for document in documents)


def _suggestions(draft: Draft, question: str, language: Language) -> tuple[str, ...]:
    """The draft's own, filled up with what is always worth asking."""
    standing = (localised(text, language) for text in STILL_USEFUL)
    offered = dict.fromkeys(text for text in (*draft.suggestions, *standing) if text != question)
    return tuple(offered)[:SUGGESTED]
