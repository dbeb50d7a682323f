"""A jobs file: every fault at once with its place, the schema, and nothing secret in a message."""

import json
from pathlib import Path

import pytest

from forecastkit.api import DEFAULT_MODELS
from forecastkit.errors import ConfigurationError
from forecastkit.schedule.configuration import read_jobs, schema

FAULTY = """
[outputs]
keeep = 4
[jobs."a b"]
cron = "30 6 * *"
time_zone = "America/New_Yrok"
sources = ["sunspots", { source = "x.csv", colum = "a" }]
models = ["arr", "naive"]
horizon = 0
transform = "lgo"
[jobs."a b".plan]
refit_every = { ar = "neverr" }
[jobs."a b".gates]
skil_horizon = 3
honesty = "warm"
[jobs."a b".alerts]
webhook = "https://hooks.example.org/hunter2"
on = ["gates"]
mail = { host = "h", sender = "a@b", to = ["c@d"], user = "u", password = 77123 }
[jobs.b]
"""
FAULTS = [
    "outputs.keeep: is not known (did you mean keep or keep_days?)",
    'jobs."a b".sources[1].colum: is not known (did you mean column or date_column?)',
    "jobs.\"a b\".cron: '30 6 * *' has 4 fields; write five: minute, hour, day, month, weekday, as in "
    "'30 6 * * MON-FRI'",
    "jobs.\"a b\".time_zone: there is no time zone 'America/New_Yrok' (did you mean America/New_York or "
    "America/Nuuk or America/Nome?)",
    "jobs.\"a b\".models[0]: there is no model 'arr' (did you mean ar or ar-direct?)",
    'jobs."a b".horizon: should be greater than or equal to 1, not 0',
    'jobs."a b".plan.refit_every: \'neverr\' is no policy; write 20, "never", or { ar = 1, lstm = "never" }',
    "jobs.\"a b\".transform: there is no transform 'lgo' (did you mean log?)",
    "jobs.\"a b\".gates.honesty: 'warm' is not known (did you mean warn?)",
    'jobs."a b".gates.skil_horizon: is not known (did you mean skill_horizon or skill_horizon_lost?)',
    "jobs.\"a b\".alerts.on[0]: 'gates' is not known (did you mean gate?)",
    'jobs."a b".alerts.webhook: secrets come from the environment: write env:NAME, where NAME is the '
    "variable",
    'jobs."a b".alerts.mail.password: secrets come from the environment: write env:NAME, where NAME is the '
    "variable",
    "jobs.b.sources: is missing",
]


def faults(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "jobs.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_jobs(file)
    return [line.removeprefix(f"{file}:").strip() for line in str(caught.value).splitlines()]


def test_all_faults_at_once_each_with_its_place(tmp_path):
    found = faults(tmp_path, FAULTY)
    assert sorted(map(str.lower, found)) == sorted(map(str.lower, FAULTS))
    assert "hunter2" not in "".join(found)
    assert "77123" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[jobs", "is no TOML: "),
        ("jobs = {}", "jobs: "),
        ("[jobs.a]\nsources = []", "jobs.a: sources is empty; name one series or more"),
        ('[jobs.a]\nsources = ["nile", "nile"]', "two sources are called 'nile'"),
        (
            '[jobs.a]\nsources = ["nile"]\nmodels = ["ar"]\ngates = { skill_horizon = { arr = 1 } }',
            "jobs.a: gates.skill_horizon names 'arr' (did you mean ar?)",
        ),
        (
            '[jobs."a b"]\nsources = ["nile"]\n[jobs."A/b"]\nsources = ["nile"]',
            "'a b' and 'A/b' would share a folder; rename one",
        ),
        (
            '[alerts.mail]\nhost = "h"\nsender = "a@b"\nto = ["c@d"]\nuser = "u"\npassword = "env:P"\n'
            'security = "none"\n[jobs.a]\nsources = ["nile"]',
            "alerts.mail: the password would travel unencrypted; set security to starttls or tls",
        ),
        (
            '[jobs.a]\nsources = ["nile"]\nhorizon = true',
            "jobs.a.horizon: should be a valid integer, not True",
        ),
        (
            '[jobs.a]\nsources = ["nile"]\ncron = "0 0 31 2 *"',
            "jobs.a.cron: '0 0 31 2 *' is no cron expression",
        ),
        (
            '[jobs.a]\nsources = ["nile"]\ncron = "0 0/0 * * *"',
            "jobs.a.cron: '0 0/0 * * *' is no cron expression",
        ),
    ],
)
def test_each_fault_says_what_to_do(tmp_path, text, fault):
    assert fault in faults(tmp_path, text)[0]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"absent\.toml: cannot be read"):
        read_jobs(tmp_path / "absent.toml")


def test_a_job_has_defaults_and_hands_the_plan_on(tmp_path):
    file = tmp_path / "jobs.toml"
    file.write_text(
        '[jobs.a]\nsources = ["nile"]\nhorizon = 6\nplan = { refit_every = { ar = 5, lstm = "never" } }'
    )
    jobs = read_jobs(file)
    assert jobs.jobs["a"].models == DEFAULT_MODELS
    assert jobs.jobs["a"].backtest_plan().refit_every == {"ar": 5, "lstm": None}
    assert jobs.jobs["a"].backtest_plan().horizon == 6
    assert jobs.outputs_of("a").keep == 90


def test_the_schema_knows_every_key():
    told = schema()
    assert json.loads(json.dumps(told)) == told
    assert set(told["properties"]) == {"outputs", "alerts", "jobs"}
    assert "skill_horizon_lost" in told["$defs"]["Gates"]["properties"]
    assert told["$defs"]["Job"]["additionalProperties"] is False
    source = told["$defs"]["Job"]["properties"]["sources"]["items"]["anyOf"]
    assert [kind.get("type", "table") for kind in source] == ["string", "table"]
