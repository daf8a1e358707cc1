"""How each command that the pages show is run. To show a new one, add its line."""

from __future__ import annotations

from dataclasses import dataclass

MAKE = "make -o .venv/.made -o .venv-twin/.made -o .venv-bench/.made"  # it makes no environment
SERVE = "--idle-exit 1 --lazy --quiet"  # a twin that ends as soon as nobody asks it anything
RELEASES = "--home releases"  # recorded beforehand, no environment is made


@dataclass(frozen=True)
class Typed:
    """Typed in a copy of this tree: as shown, or a smaller form of it."""

    line: str = ""  # empty: as shown
    code: int = 0
    output: str = ""  # a pattern of what it prints
    needs: tuple[str, ...] = ()  # lines to type before
    recorded: tuple[str, ...] = ()  # releases of the SDK; the second half of them ask otherwise


@dataclass(frozen=True)
class Within:
    """A part of what another command of this table does."""

    command: str


@dataclass(frozen=True)
class Proof:
    """Another test, or CI, runs it; `words` stand there."""

    place: str  # file::test, or a file of CI
    words: str


REPLAY = "make replay"
BENCH = "make bench"
TWIN = "python -m harness twin --state my-twin"
SWEEP = "python -m harness sweep reports/latest"
ENDS = "tests/janitor/test_ends.py::test_it_ends_as_it_does_and_leaves_nothing"
TRIALS = "tests/twin/acceptance/test_trials.py::test_a_clean_run_is_accepted"
HUB = "tests/dataset/test_download.py::test_a_download_that_breaks_goes_on_where_it_was"
FAULTS = "tests/scenarios/test_faults.py::test_it_is_as_the_scenario_claims"
NEEDS = "tests/sdk/test_needs.py::test_just_the_fields_that_are_read_are_found"
NO_SIGN_IN = r"no Azure credential works here(?s:.*)Next: az login"

MAKE_TARGETS = {
    "make run": Proof(".ci/elsewhere", "run run"),
    "make run TORCH=cuda": Proof(
        "tests/test_install.py::test_cuda_is_taken_when_asked_for", 'PIN, "cuda"'
    ),
    REPLAY: Typed(f"{MAKE} replay", output="17 passed"),
    "make test": Proof(".ci/run", "make test"),
    "make lint": Proof("Makefile", "test: envs lint"),
    "make light twin-env": Proof("Makefile", "echo light twin-env"),
    "make light twin-env && source .venv/bin/activate": Typed(
        f"{MAKE} light twin-env && source .venv/bin/activate && python -c 'import azure.ai.ml'"
    ),
    BENCH: Typed(
        f"{MAKE} bench BENCH_OPTIONS=--quick RIVALS=.venv",
        output=r"cleanup_overhead(?s:.*)goals(?s:.*)goals(?s:.*)goals(?s:.*)validate(?s:.*)goals",
    ),
    "make crash": Typed(  # without its ledger a killed run has to leave something
        f"{MAKE} crash CRASH_TEST_OPTIONS=--collect-only "
        "CRASH_OPTIONS='--only job.submit#1:before:kill --without ledger'",
        code=2,
        output=r"finds_leaks(?s:.*)killed at 1 of 1 points \(1 kill\): 1 left",
    ),
    "make prove-replay": Typed(
        f"{MAKE} prove-replay PROVE_OPTIONS='--repeats 1 --deselect "
        "tests/wire/test_waiting.py::test_a_release_of_two_years_ago_does_not_wait'",
        output="3 passed",
    ),
    "make regenerate": Typed(
        f"{MAKE} regenerate REGENERATE_OPTIONS='--steps 3'", output="1 passed"
    ),
    "make environments": Typed(
        f"{MAKE} environments ENVIRONMENTS_OPTIONS='-k \"replay and NO_COLOR\"'", output="1 passed"
    ),
    "make clean": Typed(
        f"mkdir reports && {MAKE} clean && ! ls -d .venv .venv-twin && ls -d reports"
    ),
}

RECIPE = {
    "pytest": Proof(
        "tests/wire/test_shipped.py::test_it_replays_from_a_folder_without_git", '"pytest", "-q"]'
    ),
    "pytest scenarios": Within(REPLAY),
    "pytest scenarios/finetune_chat/test_7_deploy.py": Typed(output="passed"),
    "pytest scenarios --target twin": Within("make run"),
    "pytest scenarios --target twin --set training.max_steps=20": Proof(FAULTS, "shared_twin"),
    "pytest scenarios --target twin --set finetune.compare_with_reference=true": Within("make run"),
    "pytest scenarios --target twin --set data.source=DATA": Proof(
        "tests/recipe/test_data_of_ones_own.py::test_a_prepared_folder_is_the_data_of_a_run",
        'f"data.source={source}"',
    ),
    "pytest scenarios --target twin --fault refuse:compute.create:status=409": Typed(
        code=1, output=r"Step 3, compute, failed on the twin; RefusedError: "
    ),
    "pytest scenarios --target twin --fault SPEC": Within(
        "pytest scenarios --target twin --fault refuse:compute.create:status=409"
    ),
    "pytest scenarios --target twin --plan scenarios/faults/NAME.toml": Proof(FAULTS, "--plan"),
    "pytest scenarios --target twin --plan scenarios/faults/job_fails_in_fine_tune.toml": Proof(
        FAULTS, "--plan"
    ),
    "pytest scenarios --target twin --record": Within(
        "pytest scenarios --target twin --record --cassettes FOLDER"
    ),
    "pytest scenarios --target twin --record --cassettes FOLDER": Proof(
        "tests/wire/test_shipped.py::test_recording_again_changes_the_header_only", '"--record"'
    ),
    "pytest scenarios --target azure": Typed(code=1, output=NO_SIGN_IN),
    "HARNESS_TWIN_READY=ready.json pytest scenarios --target twin": Proof(
        FAULTS, "on_the_shared_twin"
    ),
    "pytest tests/checks/test_planted.py -k NAME": Proof(
        "tests/checks/test_planted.py::test_it_is_seen_and_nothing_else", "PLANTS"
    ),
    "pytest tests/twin/test_recorded_pairs.py": Typed(
        ".venv-twin/bin/python -m pytest tests/twin/test_recorded_pairs.py", output="passed"
    ),
}

HARNESS = {
    "python -m harness": Typed(code=2, output="usage: python -m harness COMMAND"),
    "python -m harness preflight": Typed(output="ready: "),
    "python -m harness preflight --target azure": Typed(code=1, output=NO_SIGN_IN),
    "python -m harness preflight --target twin --set twin.era=today": Typed(
        code=1, output=r"era today(?s:.*)contract.names(?s:.*)not ready"
    ),
    "python -m harness preflight --target twin --set twin.era=...": Within(
        "python -m harness preflight --target twin --set twin.era=today"
    ),
    "python -m harness.checks": Typed(output="`environment.requirements`"),
    "python -m harness data": Within("python -m harness data --to DATA"),
    "python -m harness data FOLDER --check": Typed(
        "python -m harness data data/ultrachat_sample --check && ! ls DATA", output="train_sft"
    ),
    "python -m harness data FOLDER --to DATA": Typed(
        "python -m harness data data/ultrachat_sample --to DATA && ls DATA/data.json"
    ),
    "python -m harness data MINE --to DATA": Within("python -m harness data FOLDER --to DATA"),
    "python -m harness data FOLDER --to DATA --sample 1000 --seed 7": Typed(
        "python -m harness data data/ultrachat_sample --to DATA --sample 100 --seed 7",
        output="100 rows, seed 7",
    ),
    "python -m harness data --to DATA": Proof(HUB, '"harness", "data", "org/chats"'),
    "python -m harness data --to DATA --first 5%": Proof(
        "tests/dataset/test_command.py::test_a_part_can_be_taken", "--first"
    ),
    "python -m harness reference": Typed(code=2, output="gather,check"),
    "python -m harness reference check reports/latest": Typed(
        code=2, output=r"cannot tell: (?s:.*)training\.json(?s:.*)Next: ", needs=(REPLAY,)
    ),
    "python -m harness reference gather --target azure reports/*/run.json": Typed(
        code=1, output=r"0 green run\(s\) of azure(?s:.*)Next: ", needs=(REPLAY,)
    ),
    "python -m harness cassettes audit [FOLDER ...]": Typed("python -m harness cassettes audit"),
    "python -m harness cassettes diff A B": Typed(
        "python -m harness cassettes diff cassettes cassettes"
    ),
    "python docs/examples/recipe.py data/ultrachat_sample": Proof(
        "tests/targets/test_plain_client.py::test_pasted_exports_are_all_it_needs",
        'SCRIPT, ROOT / "data/ultrachat_sample"',
    ),
}

CLEANUP = {
    "python -m harness sweep": Within("python -m harness sweep --all-open reports"),
    SWEEP: Within("python -m harness sweep --all-open reports"),
    "python -m harness sweep reports/RUN": Within("python -m harness sweep --all-open reports"),
    "python -m harness sweep --all-open reports": Typed(
        f"{SWEEP} && python -m harness sweep && python -m harness sweep --all-open reports",
        output=r"(nothing is open\n0 deleted; 0 left\n(.*/ledger.jsonl: )?){3}",
        needs=(REPLAY,),
    ),
    "python -m harness sweep --tag --workspace SUB/GROUP/NAME": Typed(code=2, output=NO_SIGN_IN),
    "python -m harness sweep --tag --owner tag-sweeper --dry-run": Proof(
        "tests/janitor/test_tags.py::test_what_is_ours_and_expired_goes_and_nothing_else",
        '"sweep", "--tag", "--owner"',
    ),
    "python -m harness.crash": Proof(ENDS, '"harness.crash", "--json"'),
    "python -m harness.crash --sample 50 --seed 7": Proof(ENDS, '"--sample", "3", "--seed", "1"'),
    "python -m harness.crash --only endpoint.create#1:after:kill": Proof(ENDS, '"--only", point'),
    "python -m harness.crash --only job.submit#1:before:kill --without ledger": Within(
        "make crash"
    ),
    "python -m harness.crash --sample 20 --without watchdog": Within("make crash"),
}

SERVED = {
    TWIN: Typed(f"{TWIN} {SERVE}", output="A twin of Azure ML"),
    "python -m harness twin": Within(TWIN),
    "python -m harness twin --show --state my-twin": Typed(
        output="workspace", needs=(f"{TWIN} {SERVE}",)
    ),
    "python -m harness twin --ready-file ready.json": Typed(
        f"python -m harness twin --ready-file ready.json {SERVE}", output="A twin of Azure ML"
    ),
    "python -m harness twin --fault SPEC": Typed(
        f"python -m harness twin --fault refuse:compute.create:status=409 {SERVE}",
        output="A twin of Azure ML",
    ),
    "python -m harness twin --profile phi3 --weights models/Phi-3-mini-4k-instruct": Typed(
        code=2, output="is no model folder"
    ),
    ".venv-twin/bin/python -m harness.twin.engine.scale --steps 10 --batch 8 --length 2048": Typed(
        ".venv-twin/bin/python -m harness.twin.engine.scale --profile tiny "
        "--steps 1 --batch 1 --length 64",
        output="tokens",
    ),
}

NEWS = ("1.35.2", "1.36.0", "1.37.0", "1.38.0b1")
SDK = {
    "python -m harness sdk --help": Typed(output="bisect"),
    "python -m harness sdk contract": Typed(output="contract.json"),
    "python -m harness sdk matrix": Within(
        "python -m harness sdk matrix --why --its-day --page docs/sdk-matrix.md"
    ),
    "python -m harness sdk matrix --why": Within(
        "python -m harness sdk matrix --why --its-day --page docs/sdk-matrix.md"
    ),
    "python -m harness sdk matrix --why --its-day --page docs/sdk-matrix.md": Typed(
        "python -m harness sdk matrix --why --its-day --page docs/sdk-matrix.md "
        f"--releases 1.37.0 {RELEASES} && grep 1.37.0 docs/sdk-matrix.md",
        code=1,
        output=r"no-such-package",
    ),
    "python -m harness sdk diff A B": Within("python -m harness sdk diff pinned newest"),
    "python -m harness sdk diff pinned newest": Typed(
        f"python -m harness sdk diff pinned newest {RELEASES}",
        code=1,
        output=r'1\.35\.2 .* -> 1\.37\.0 (?s:.*)vmSize: .* -> "small"',
        recorded=("1.35.2", "1.37.0"),
    ),
    "python -m harness sdk diff 1.34.1 pinned --page reports/sdk-diff.html": Typed(
        f"mkdir -p reports && python -m harness sdk diff 1.34.1 pinned {RELEASES} "
        "--page reports/sdk-diff.html; test -s reports/sdk-diff.html",
        output=r"1\.34\.1 .* -> 1\.35\.2 ",
        recorded=("1.34.1", "1.35.2"),
    ),
    "python -m harness sdk diff 1.38.0 pinned --package azure-core": Typed(
        f"python -m harness sdk diff 1.38.0 1.41.0 --package azure-core {RELEASES}",
        code=1,
        output=r"azure-core==1\.38\.0 ",
        recorded=("1.35.2+azure-core==1.38.0", "1.35.2+azure-core==1.41.0"),
    ),
    "python -m harness sdk bisect --good 1.32.0 --bad 1.34.0 -- batch_endpoint_defaults": Typed(
        f"python -m harness sdk bisect --good 1.32.0 --bad 1.34.0 {RELEASES} -- job_status",
        output=r"job_status changes in azure-ai-ml 1\.34\.0",
        recorded=("1.32.0", "1.33.0", "1.34.0", "1.35.0"),
    ),
    (
        "python -m harness sdk bisect --good 3.13.0 --bad 4.4.0 --package marshmallow "
        "--sdk 1.20.0 -- import"
    ): Typed(
        "python -m harness sdk bisect --good 3.1 --bad 4.0 --package marshmallow --sdk 1.35.0 "
        f"{RELEASES} -- import",
        output=r"import changes in marshmallow 3\.24; 3\.23 is the last before",
    ),
    "python -m harness sdk news newest newest-pre": Typed(
        f"python -m harness sdk news newest newest-pre {RELEASES}",
        code=1,
        output=r"## 1\.37\.0(?s:.*)## 1\.38\.0b1",
        recorded=NEWS,
    ),
    "python -m harness sdk history": Proof(
        "tests/sdk/test_searches.py::test_the_history_is_made_of_recordings", "history(VERSIONS"
    ),
    "python -m harness sdk needs pinned": Within("python -m harness sdk needs [RELEASE ...]"),
    "python -m harness sdk needs [RELEASE ...]": Proof(NEEDS, "needs"),
    "python -m harness sdk needs 1.35.2 1.20.0 --page docs/sdk-needs.md": Proof(NEEDS, "needs"),
}

GENERATORS = {
    ".venv/bin/python -m data.ultrachat_sample.generate": Typed(
        "sha256sum data/ultrachat_sample/*.jsonl > before && "
        ".venv/bin/python -m data.ultrachat_sample.generate && sha256sum --check before"
    ),
    ".venv/bin/python -m data.reference.study": Typed(output="rate of false alarms"),
    ".venv/bin/python -m data.reference.study --write": Typed(
        "cp docs/training.md before && .venv/bin/python -m data.reference.study --write && "
        "cmp before docs/training.md"
    ),
    ".venv-twin/bin/python -m data.tiny_phi3.generate": Within("make regenerate"),
    ".venv-twin/bin/python -m data.tiny_phi3.generate [--steps N] [--out DIR]": Within(
        "make regenerate"
    ),
    ".venv-twin/bin/python -m data.reference.sweep reference clean planted": Proof(
        TRIALS, "sweep.main"
    ),
    ".venv-twin/bin/python -m data.reference.generate": Proof(TRIALS, "sweep.main"),
    ".venv-twin/bin/python -m data.reference.generate --compare 3": Proof(TRIALS, "runs[CLEAN] =="),
}

BENCHMARKS = {
    ".venv-bench/bin/python benchmarks/replay.py --quick": Within(BENCH),
    ".venv-bench/bin/python benchmarks/validate.py": Within(BENCH),
    ".venv/bin/python benchmarks/cleanup_overhead.py": Within(BENCH),
    ".venv-twin/bin/python benchmarks/twin_warm.py": Within(BENCH),
    "make bench BENCH_OPTIONS=--quick": Within(BENCH),
}

WAYS: dict[str, Typed | Within | Proof] = {
    **MAKE_TARGETS,
    **RECIPE,
    **HARNESS,
    **CLEANUP,
    **SERVED,
    **SDK,
    **GENERATORS,
    **BENCHMARKS,
}
