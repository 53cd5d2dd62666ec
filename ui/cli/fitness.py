"""How the fitness of a model is printed."""

from collections.abc import Iterator, Mapping

from agent.brain.fitness import Check, CheckName, Context, Fitness, Price, Speed, Structured, Use
from agent.wording import Language
from ui.cli.catalogue import Catalogue
from ui.cli.output import write_line
from ui.cli.terms import inert

WIDTH = 14


def check_names(t: Catalogue) -> Mapping[CheckName, str]:
    """What each check is called."""
    return {
        "structured": t("form"),
        "tools": t("tools"),
        "judgement": t("judgement"),
        "refusal": t("SOC work"),
        "chinese": t("Chinese"),
        "injection": t("injection"),
        "determinism": t("steadiness"),
        "context": t("long texts"),
    }


def print_fitness(t: Catalogue, fitness: Fitness) -> None:
    """Everything that was measured, the uses last."""
    for name, text in _rows(t, fitness):
        write_line(f"{_padded(name)}{text}")
    write_line("")


def _rows(t: Catalogue, fitness: Fitness) -> Iterator[tuple[str, str]]:
    language = _language(t)
    yield t("model"), t("{model} at {endpoint}", model=inert(fitness.model), endpoint=inert(fitness.endpoint))
    yield t("measured"), _measured(t, fitness)
    if fitness.stopped:
        yield t("incomplete"), inert(fitness.stopped.told(language))
    for check in fitness.checks:
        yield check_names(t)[check.name], _check(t, check, fitness)
        yield from _misses(t, check, language)
    if fitness.speed:
        yield t("speed"), _speed(t, fitness.speed)
    if fitness.price:
        yield t("price"), _price(t, fitness.price)
    yield t("triage"), _use(t, fitness.triage, language)
    yield t("chat"), _use(t, fitness.chat, language)


def _measured(t: Catalogue, fitness: Fitness) -> str:
    return t(
        "{at}; {requests} requests, {given} tokens in, {made} out, {seconds} s",
        at=fitness.at.strftime("%Y-%m-%d %H:%M UTC"),
        requests=fitness.usage.calls,
        given=f"{fitness.usage.input_tokens:,}",
        made=f"{fitness.usage.output_tokens:,}",
        seconds=round(fitness.usage.seconds),
    )


def _check(t: Catalogue, check: Check, fitness: Fitness) -> str:
    if not check.planned:
        return t("not asked, for want of decisions that can be read")
    told = t("{passed} of {total}", passed=check.passed, total=check.total)
    if not check.complete:
        told = t("{told}, {planned} planned", told=told, planned=check.planned)
    if check.name == "structured":
        return "; ".join([told, *_modes(t, fitness)])
    if check.name == "context" and fitness.context:
        return f"{told}; {_context(t, fitness.context)}"
    if check.name == "injection":
        return t("{told} orders in a log not obeyed; the gates do not rest on it", told=told)
    return told


def _modes(t: Catalogue, fitness: Fitness) -> Iterator[str]:
    for tried in fitness.structured:
        yield _mode(t, tried)
    yield t("asked by {mode}", mode=fitness.mode) if fitness.mode else t("no way of asking works")


def _mode(t: Catalogue, tried: Structured) -> str:
    told = t("{mode} {passed} of {total}", mode=tried.mode, passed=tried.passed, total=tried.total)
    return t("{told} ({n} mended)", told=told, n=tried.mended) if tried.mended else told


def _context(t: Catalogue, context: Context) -> str:
    held = t("holds {n} tokens", n=f"{context.held:,}") if context.held else t("holds none")
    return held if context.failed is None else t("{held}, loses facts at {n}", held=held, n=f"{context.failed:,}")


def _speed(t: Catalogue, speed: Speed) -> str:
    first = (
        t("first piece after {n} s", n=speed.first_token_s) if speed.first_token_s is not None else t("not streamed")
    )
    rate = t("{n} tokens a second", n=speed.tokens_per_s) if speed.tokens_per_s else t("rate unknown")
    whole = t("answer in {n} s (slowest {most} s)", n=speed.answer_s, most=speed.slowest_s)
    return ", ".join((first, whole, rate))


def _price(t: Catalogue, price: Price) -> str:
    tokens = {"given": f"{price.input_tokens:,}", "made": f"{price.output_tokens:,}"}
    if price.money is None:
        return t("unknown; a case takes about {given} tokens in, {made} out", **tokens)
    money = f"{price.money:.4f}"
    return t("about {money} a case, as the price table counts ({given} tokens in, {made} out)", money=money, **tokens)


def _use(t: Catalogue, use: Use, language: Language) -> str:
    word = {True: t("yes"), False: t("no"), None: t("not known")}[use.allowed]
    return f"{word}: {inert(use.why(language))}"


def _misses(t: Catalogue, check: Check, language: Language) -> Iterator[tuple[str, str]]:
    for miss in check.misses:
        told = {"task": inert(miss.task), "wanted": inert(miss.wanted.told(language)), "got": inert(miss.got)}
        yield "", t("  {task}: wanted {wanted}; got: {got}", **told)


def _language(t: Catalogue) -> Language:
    return "zh" if t.language == "zh" else "en"


def _padded(name: str) -> str:
    """The name and blanks up to the column of the texts; a Chinese character is two columns wide."""
    wide = sum(ord(char) > 0x2E7F for char in name)
    return name + " " * max(1, WIDTH - len(name) - wide)
