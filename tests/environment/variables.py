"""Rows whose environment is only variables: locale, Python, proxies, clouds, tools, CI."""

from __future__ import annotations

from .environment import Environment, NamedError, Place, proxies

NOWHERE = "/dev/null/nowhere"  # a path that nobody, root included, can create
DEAD = "http://127.0.0.1:9"  # discard: nobody listens


def _user_site(place: Place) -> None:
    """A sitecustomize that talks, as those of companies and of coverage tools do."""
    folder = place.folder / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("print('this is a sitecustomize')\n")


def _other_harness(place: Place) -> None:
    """Somebody else's package of our name."""
    folder = place.folder / "site" / "harness"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('this is another harness')\n")


def _other_mlflow(place: Place) -> None:
    """A module of the user's that hides a package we need."""
    folder = place.folder / "site"
    folder.mkdir()
    (folder / "mlflow.py").write_text("raise ImportError('this is another mlflow')\n")


def _plain_row(name: str, **variables: str | None) -> Environment:
    return Environment(name, variables)


LOCALES = (
    Environment("plain shell", sample=("replay", "preflight")),
    _plain_row("LANG=C", LANG="C"),
    _plain_row("LC_ALL=POSIX", LC_ALL="POSIX"),
    _plain_row("LC_ALL=en_US.ISO-8859-1", LC_ALL="en_US.ISO-8859-1", PYTHONUTF8="0"),
    Environment(
        "stdout is Latin-1",
        {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        sample=("replay",),
    ),
    _plain_row("stdout is ASCII", PYTHONIOENCODING="ascii"),
    _plain_row("no LANG", LANG=None),
    # in no sample: where the checkout's own path is not ASCII, Python 3.11 itself cannot start so
    _plain_row("C without coercion", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"),
    _plain_row("LC_ALL of no such locale", LC_ALL="xx_XX.nonsense"),
    _plain_row("odd time zone", TZ="Asia/Kathmandu"),
    _plain_row("time zone that is none", TZ="Nowhere/Nothing"),
    _plain_row("time zone across the date line", TZ="Pacific/Kiritimati"),
)

PYTHON = (
    Environment("PYTHONWARNINGS=error", {"PYTHONWARNINGS": "error"}, sample=("replay",)),
    _plain_row("PYTHONDEVMODE=1", PYTHONDEVMODE="1"),
    _plain_row("PYTHONUTF8=0", PYTHONUTF8="0"),
    _plain_row("PYTHONDONTWRITEBYTECODE=1", PYTHONDONTWRITEBYTECODE="1"),
    _plain_row("PYTHONPYCACHEPREFIX", PYTHONPYCACHEPREFIX="{folder}/bytecode"),
    _plain_row("PYTHONOPTIMIZE=1", PYTHONOPTIMIZE="1"),
    Environment(
        "PYTHONOPTIMIZE=2",
        {"PYTHONOPTIMIZE": "2"},
        replay=NamedError(("PYTHONOPTIMIZE=2",), 4),
        twin=NamedError(("PYTHONOPTIMIZE=2",), 4),
        preflight=NamedError(("PYTHONOPTIMIZE=2",), 2),
    ),
    _plain_row("PYTHONHASHSEED=0", PYTHONHASHSEED="0"),
    _plain_row("PYTHONUNBUFFERED=1", PYTHONUNBUFFERED="1"),
    _plain_row("PYTHONFAULTHANDLER=1", PYTHONFAULTHANDLER="1"),
    _plain_row("PYTHONNOUSERSITE=1", PYTHONNOUSERSITE="1"),
    _plain_row("PYTHONSAFEPATH=1", PYTHONSAFEPATH="1"),
    Environment("user's sitecustomize", {"PYTHONPATH": "{folder}/site"}, preparation=_user_site),
    Environment(
        "PYTHONPATH hides our package", {"PYTHONPATH": "{folder}/site"}, preparation=_other_harness
    ),
    Environment(
        "PYTHONPATH hides mlflow",
        {"PYTHONPATH": "{folder}/site"},
        preparation=_other_mlflow,
        replay=NamedError(("PYTHONPATH", "mlflow"), 1),
        twin=NamedError(("PYTHONPATH", "mlflow"), 1),
        preflight=NamedError(("PYTHONPATH", "mlflow"), 1),
    ),
    _plain_row("PYTHONPATH of no such folder", PYTHONPATH=NOWHERE),
)

NETWORK = (
    Environment("dead proxies", proxies(DEAD), sample=("replay", "twin")),
    Environment("proxies that are no address", proxies("not a proxy")),
    Environment("SOCKS proxy", {"ALL_PROXY": "socks5://127.0.0.1:9"}),
    Environment("dead proxies, NO_PROXY=*", {**proxies(DEAD), "NO_PROXY": "*", "no_proxy": "*"}),
    Environment(
        "dead proxies, NO_PROXY of a company",
        {**proxies(DEAD), "NO_PROXY": ".example.com,10.0.0.0/8", "no_proxy": ".example.com"},
    ),
    Environment("dead proxies, NO_PROXY empty", {**proxies(DEAD), "NO_PROXY": "", "no_proxy": ""}),
    _plain_row("SSL_CERT_FILE leads nowhere", SSL_CERT_FILE=NOWHERE, SSL_CERT_DIR=NOWHERE),
    _plain_row(
        "certificates of requests and curl lead nowhere",
        REQUESTS_CA_BUNDLE=NOWHERE,
        CURL_CA_BUNDLE=NOWHERE,
    ),
)

CLOUD = (
    _plain_row(
        "AZURE_* of a service principal",
        AZURE_CLIENT_ID="11111111-1111-1111-1111-111111111111",
        AZURE_TENANT_ID="22222222-2222-2222-2222-222222222222",
        AZURE_CLIENT_SECRET="none",
        AZURE_AUTHORITY_HOST="https://login.example.com",
        AZURE_TOKEN_CREDENTIALS="EnvironmentCredential",
        AZURE_SUBSCRIPTION_ID="33333333-3333-3333-3333-333333333333",
        AZURE_RESOURCE_GROUP="mine",
        AZURE_WORKSPACE_NAME="mine",
        AZURE_CONFIG_DIR=NOWHERE,
    ),
    _plain_row(
        "AZUREML_* of a job",
        AZUREML_RUN_ID="run-1",
        AZUREML_RUN_TOKEN="none",
        AZUREML_CURRENT_CLOUD="AzureUSGovernment",
        AZUREML_ARM_SUBSCRIPTION="33333333-3333-3333-3333-333333333333",
        AZUREML_ARM_RESOURCEGROUP="mine",
        AZUREML_ARM_WORKSPACE_NAME="mine",
        AZUREML_EXPERIMENT_ID="44444444-4444-4444-4444-444444444444",
        AZUREML_MODEL_DIR=NOWHERE,
        AZUREML_DEV_URL_MFE=DEAD,
    ),
    _plain_row(
        "managed identity of another machine",
        IDENTITY_ENDPOINT=DEAD,
        IDENTITY_HEADER="none",
        MSI_ENDPOINT=DEAD,
        MSI_SECRET="none",
    ),
    _plain_row(
        "MLFLOW_*",
        MLFLOW_TRACKING_URI=DEAD,
        MLFLOW_REGISTRY_URI=DEAD,
        MLFLOW_EXPERIMENT_ID="123",
        MLFLOW_EXPERIMENT_NAME="mine",
        MLFLOW_RUN_ID="0123456789abcdef0123456789abcdef",
        MLFLOW_TRACKING_TOKEN="none",
        MLFLOW_ARTIFACT_ROOT=NOWHERE,
        MLFLOW_ENABLE_ASYNC_LOGGING="true",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
        MLFLOW_HTTP_REQUEST_TIMEOUT="20",
    ),
    _plain_row(
        "HF_*",
        HF_HOME=NOWHERE,
        HF_DATASETS_CACHE=NOWHERE,
        HF_HUB_CACHE=NOWHERE,
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_ENDPOINT=DEAD,
        HF_TOKEN="none",
    ),
    _plain_row(
        "OTEL_*",
        OTEL_EXPORTER_OTLP_ENDPOINT=DEAD,
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_METRICS_EXPORTER="otlp",
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_SERVICE_NAME="mine",
        APPLICATIONINSIGHTS_CONNECTION_STRING=f"InstrumentationKey=0;IngestionEndpoint={DEAD}",
    ),
    _plain_row(
        "OMP_* and CUDA_*",
        OMP_NUM_THREADS="1",
        OMP_PROC_BIND="true",
        OMP_DISPLAY_ENV="TRUE",
        MKL_NUM_THREADS="1",
        KMP_AFFINITY="verbose,compact",
        CUDA_VISIBLE_DEVICES="7",
        WORLD_SIZE="4",
        RANK="3",
        LOCAL_RANK="3",
        MASTER_ADDR="192.0.2.1",
        MASTER_PORT="1",
    ),
    _plain_row("OMP_NUM_THREADS=nonsense", OMP_NUM_THREADS="nonsense"),
)

CI = (
    Environment(
        "GitHub Actions",
        {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "1",
            "GITHUB_WORKSPACE": NOWHERE,
            "GITHUB_STEP_SUMMARY": NOWHERE,
            "GITHUB_OUTPUT": NOWHERE,
            "RUNNER_TRACKING_ID": "github_mine",
        },
    ),
    _plain_row(
        "Azure Pipelines",
        TF_BUILD="True",
        BUILD_BUILDID="1",
        AGENT_NAME="mine",
        SYSTEM_TEAMFOUNDATIONCOLLECTIONURI=DEAD,
        BUILD_SOURCESDIRECTORY=NOWHERE,
    ),
    _plain_row("PYTEST_ADDOPTS", PYTEST_ADDOPTS="-x -q --color=yes --durations=3"),
    _plain_row("PYTEST_ADDOPTS with xdist", PYTEST_ADDOPTS="-n 2"),
    _plain_row("PYTEST_ADDOPTS without capture", PYTEST_ADDOPTS="-s"),
    _plain_row("PYTEST_ADDOPTS with warnings as they come", PYTEST_ADDOPTS="-W default"),
    _plain_row("PYTEST_ADDOPTS without a cache", PYTEST_ADDOPTS="-p no:cacheprovider"),
    Environment(
        "PYTEST_ADDOPTS without pytest-benchmark",
        {"PYTEST_ADDOPTS": "-p no:benchmark"},
        replay=NamedError(("pytest-benchmark", "PYTEST_ADDOPTS"), 4),
        twin=NamedError(("pytest-benchmark", "PYTEST_ADDOPTS"), 4),
    ),
    Environment(
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
        {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        replay=NamedError(("pytest-benchmark", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"), 4),
        twin=NamedError(("pytest-benchmark", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"), 4),
        sample=("replay",),
    ),
    _plain_row("PYTEST_PLUGINS", PYTEST_PLUGINS="pytester"),
    _plain_row("PYTEST_CURRENT_TEST", PYTEST_CURRENT_TEST="mine.py::test (call)"),
)

TERMINAL = (
    _plain_row("TERM=dumb, NO_COLOR, COLUMNS=1", TERM="dumb", NO_COLOR="1", COLUMNS="1"),
    _plain_row("FORCE_COLOR", FORCE_COLOR="1", PY_COLORS="1", TERM="xterm-256color"),
    _plain_row("COLUMNS and LINES that are no numbers", COLUMNS="wide", LINES="high"),
)

VARIABLES = (*LOCALES, *PYTHON, *NETWORK, *CLOUD, *CI, *TERMINAL)
