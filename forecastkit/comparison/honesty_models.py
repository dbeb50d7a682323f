"""Checks that need the model, or what its fits tell: did anything look ahead?"""

from __future__ import annotations

import numpy as np

from forecastkit.backtesting.certificate import LEAKS
from forecastkit.backtesting.request import canonical
from forecastkit.comparison.audited import Audited
from forecastkit.comparison.finding import Finding

ASK = "Ask the model: fk.prove_no_leak(model, series), or give it: fk.audit(result, models={name: model})."
BY_DESIGN = "models of this package get a copy of the past, which tests prove for each of them"


def scaled_ahead(case: Audited) -> Finding | None:
    """H-SCALE: a scaler fitted on all data (needs the model).

    `scaler.fit(prices)` before the split: mean, spread and above all the maximum of the test years are known
    in training. It is the most frequent leak in published comparisons. Example: min-max scaling over 2000 to
    2020, and a network that "knows" how high prices will go.

    Rule: transforms of this package are fitted on the data before the first origin (told below), the models'
    own scalers on what they are handed. Of other models: the future multiplied by a million must change no
    bit of the forecast (`prove_no_leak`).
    """
    return _proved(
        case,
        "H-SCALE",
        ("scale",),
        f"transforms are fitted on the {_first_stop(case)} observations before the first origin",
        "a future multiplied by a million",
        "Fit every scaler on the past of its origin, inside `fit`.",
    )


def looked_ahead(case: Audited) -> Finding | None:
    """H-POISON: any look-ahead (needs the model).

    A model that has the series in a global variable, that reads later rows of a batch, or that remembers what
    it saw at an earlier call knows the future. Example: `def model(values, horizon): return
    PRICES[len(values):len(values) + horizon]`.

    Rule: at three origins the future is replaced by noise of ten standard deviations, by NaN and by its
    million-fold; the series is regenerated from a shared past; batches and the order of origins are permuted.
    Forecasts must stay the same, bit for bit (1e-6 on a GPU), and must not follow a future that the
    regenerated past does not have. Models of this package are proved by its tests, others when they are
    compared. An object fitted beforehand cannot be certified.
    """
    return _proved(
        case,
        "H-POISON",
        tuple(LEAKS),
        BY_DESIGN,
        "a future of noise, of NaN, a million times as large or regenerated",
        "Take out what knows the future: data in closures and globals, later rows of a batch, state.",
    )


def _proved(
    case: Audited, code: str, proofs: tuple[str, ...], design: str, asked: str, remedy: str
) -> Finding | None:
    """Read the certificates of models of one's own; those of this package pass by design."""
    models = (*case.models, *case.comparison.scores.dropped)
    if not models:
        return None
    foreign = case.foreign(models)
    known = {m: case.probes.certificates[m] for m in models if m in case.probes.certificates}
    facts = {model: certificate.outcome for model, certificate in known.items()}
    failed = {
        model: [p.text for p in certificate.proofs if p.name in proofs and p.passed is False]
        for model, certificate in known.items()
    }
    told = [f"{model}: {'; '.join(texts)}" for model, texts in failed.items() if texts]
    if told:
        return Finding(code, "fail", ". ".join(told) + ".", remedy, facts)
    unasked = [model for model in foreign if model not in known]
    if unasked:
        text = f"Whether {asked} changes the forecasts of {' and '.join(unasked)} needs the model."
        return Finding(code, "untested", text, ASK, facts)
    carried = {m: c.carries for m, c in known.items() if c.carries}
    if carried and code == "H-POISON":
        model, what = next(iter(carried.items()))
        text = f"{model} carries {what[0]}: what was fitted beforehand no test can certify."
        return Finding(
            code, "warn", text, "Give a recipe that learns in `fit`, or the function that makes it.", facts
        )
    certified = [model for model in known if known[model].outcome == "certified"]
    ours = [model for model in models if model not in foreign]
    parts = [f"{' and '.join(ours)} by design: {design}"] if ours else []
    if certified:
        parts.append(f"{' and '.join(certified)}: {asked} changed no bit of the forecasts")
    return Finding(code, "pass", "; ".join(parts) + ".", facts=facts)


def _first_stop(case: Audited) -> int:
    plan = case.comparison.settings.get("plan", {})
    return int(case.forecasts.origins[0]) - int(plan.get("gap", 0) if plan else 0)


def fitted_before(case: Audited) -> Finding | None:
    """H-PREFIT: the model arrives fitted on the test data (needs what its fits tell).

    A network trained last week on the whole file, loaded and "backtested" this week. Example: `model =
    load("final.keras")` above the loop over origins.

    Rule: it fails where a fit tells a `fitted_until` beyond the data that its origin allows, or where the
    settings of a model hold the series itself. Recipes of this package are fitted anew from the past of each
    refit origin. Of other models nothing is known where they tell nothing.
    """
    late = _late(case, "fitted_until")
    holders = [model for model in case.models if _holds(case, model)]
    if late or holders:
        told = [f"{model} was fitted up to {until}, {stop} were allowed" for model, until, stop in late]
        told += [f"the settings of {model} hold the series itself" for model in holders]
        remedy = "Hand over an unfitted recipe; it is fitted at every origin on the past alone."
        return Finding("H-PREFIT", "fail", "; ".join(told) + ".", remedy, {"late": late, "holders": holders})
    silent = [m for m in case.foreign() if not any("fitted_until" in fact for fact in case.facts(m))]
    if silent:
        text = f"Up to where {' and '.join(silent)} was fitted is not told."
        remedy = "Let the fitted model tell facts['fitted_until'], one past the last value that it used."
        return Finding("H-PREFIT", "untested", text, remedy)
    if not case.models:
        return None
    fits = sum(len(case.facts(model)) for model in case.models)
    text = (
        f"Recipes arrive unfitted; all {fits} fits end before their origin, the first at {_first_stop(case)}."
    )
    return Finding("H-PREFIT", "pass", text, facts={"fits": fits})


def _holds(case: Audited, model: str) -> bool:
    """Whether the described settings of a model name the very values of the series."""
    told = case.comparison.settings.get("models", {}).get(model, {}).get("settings", {})
    return str(canonical(np.array(case.series.values))) in str(told)


def _late(case: Audited, key: str) -> list[tuple[str, int, int]]:
    """Model, what it tells and what was allowed, for the first fit of each that is beyond."""
    found = []
    for model in case.models:
        pairs = zip(case.facts(model), case.fit_stops(model), strict=True)
        told = ((int(fact[key]), stop) for fact, stop in pairs if fact.get(key) is not None)
        beyond = next(((until, stop) for until, stop in told if until > stop), None)
        if beyond is not None:
            found.append((model, *beyond))
    return found


def shuffled(case: Audited) -> Finding | None:
    """H-SHUFFLE: shuffled windows, or a validation block among the training targets (needs facts).

    Windows overlap: with a random split every validation window has neighbours in training that hold its
    targets. The validation loss falls for ever, and early stopping stops nothing. Example:
    `train_test_split(windows, shuffle=True)`, validation loss .01, test loss 1.3.

    Rule: the last training target plus the gap lies before the first validation target: facts `train_until`
    (one past the last training target) and `validation_from`. Inputs may overlap, for they are known by then.
    """
    told = {
        model: [
            (int(fact["train_until"]), int(fact["validation_from"]))
            for fact in case.facts(model)
            if fact.get("train_until") is not None and fact.get("validation_from") is not None
        ]
        for model in case.models
    }
    told = {model: pairs for model, pairs in told.items() if pairs}
    mixed = {m: [pair for pair in pairs if pair[0] > pair[1]] for m, pairs in told.items()}
    guilty = {model: pairs for model, pairs in mixed.items() if pairs}
    if guilty:
        model, pairs = next(iter(guilty.items()))
        text = (
            f"{' and '.join(guilty)}: training targets reach to {pairs[0][0]}, validation targets begin at "
            f"{pairs[0][1]}, in {len(pairs)} of {len(told[model])} fits."
        )
        remedy = "Validate on the last block of the past, whose targets all follow the training targets."
        return Finding("H-SHUFFLE", "fail", text, remedy, {"mixed": guilty})
    silent = [m for m in case.networks if m not in told]
    if any(not case.shipped(model) for model in silent):
        text = f"How {' and '.join(silent)} was validated is not told."
        remedy = "Let fits tell facts['train_until'] and facts['validation_from'], positions in the series."
        return Finding("H-SHUFFLE", "untested", text, remedy)
    if told:
        gap = min(second - first for pairs in told.values() for first, second in pairs)
        text = f"Validation targets follow all training targets in all {sum(map(len, told.values()))} fits "
        text += f"(smallest distance {gap})."
        return Finding("H-SHUFFLE", "pass", text, facts={"distance": gap})
    if silent:
        text = "Networks of this package validate on the last block of the past, after all training targets."
        return Finding("H-SHUFFLE", "pass", text)
    return None


def tuned_on_test(case: Audited) -> Finding | None:
    """H-TESTTUNE: tuned on the test origins (needs the selection log).

    The best of 50 runs on the test set is the luckiest of 50. Example: "the number of epochs was chosen by
    the test loss".

    Rule: whatever is chosen once per backtest is chosen in `prepare`, which is handed the data before the
    first origin. A selection log tells how far its data went (`until`); later than the first origin fails.
    """
    first = int(case.forecasts.origins[0])
    until = {m: int(case.selection(m)["until"]) for m in case.models if "until" in case.selection(m)}
    late = {model: stop for model, stop in until.items() if stop > first}
    if late:
        told = ", ".join(f"{model} on {stop} observations" for model, stop in late.items())
        text = f"Chosen on the test part: {told}; the first origin is {first}."
        remedy = "Choose settings on the data before the first origin, and run again from a later one."
        return Finding("H-TESTTUNE", "fail", text, remedy, {"until": until, "first_origin": first})
    unknown = [m for m in case.foreign() if m not in until]
    if unknown:
        text = f"On which data the settings of {' and '.join(unknown)} were chosen is not told."
        remedy = "Ask for the log of the search: its last date has to lie before the first cutoff."
        return Finding("H-TESTTUNE", "untested", text, remedy)
    if not case.models:
        return None
    known = max(until.values(), default=first)
    text = f"Settings are chosen on the {known} observations before the first origin."
    return Finding("H-TESTTUNE", "pass", text, facts={"until": until, "first_origin": first})


def lag_axis(case: Audited) -> Finding | None:
    """H-AXIS: lags fed as features, with one time step (needs facts, or the model).

    An LSTM that gets 24 lags as 24 features of one step never recurs: it is a plain network with odd gates.
    Example: `X.reshape(n, 1, 24)` where `(n, 24, 1)` was meant.

    Rule: a network's inputs have more than one time step (facts `steps`), else it fails. Where a certificate
    is at hand, permuting the window must change the forecast, else the order of time is not used at all.
    """
    if not case.networks:
        return None
    steps = {
        model: min((int(f.get("steps", f.get("lookback", 0))) for f in case.facts(model)), default=0)
        for model in case.networks
        if any("steps" in fact for fact in case.facts(model)) or case.shipped(model)
    }
    steps = {model: count for model, count in steps.items() if count}
    flat = [model for model, count in steps.items() if count == 1]
    blind = [
        m
        for m in case.networks
        if m in case.probes.certificates and case.probes.certificates[m].order_matters is False
    ]
    if flat or blind:
        told = [f"{model} sees one time step" for model in flat]
        told += [f"{model} forecasts the same from a permuted window" for model in blind]
        remedy = "Put the lags on the axis of time: (windows, steps, features)."
        return Finding("H-AXIS", "fail", "; ".join(told) + ".", remedy, {"steps": steps})
    silent = [m for m in case.networks if m not in steps and m not in case.probes.certificates]
    if any(not case.shipped(model) for model in silent):
        text = f"How many time steps {' and '.join(silent)} sees is not told."
        return Finding(
            "H-AXIS", "untested", text, "Let fits tell facts['steps'], or give the model to the audit."
        )
    told_steps = ", ".join(f"{model} {count}" for model, count in steps.items())
    return Finding(
        "H-AXIS", "pass", f"Time steps of one input: {told_steps or 'several'}.", facts={"steps": steps}
    )
