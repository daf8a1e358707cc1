"""How each kind of thing goes away, and how we know that it did. One `Kind` per resource."""

from __future__ import annotations

from dataclasses import dataclass

TERMINAL = ("Completed", "Failed", "Canceled", "NotResponding")


@dataclass(frozen=True)
class Kind:
    """Data only; `sdk_hands` and `arm_hands` know how to ask for it.

    Addresses in the studio are those its pages have today; they are documented nowhere.
    """

    path: str  # below the workspace's ARM id
    wave: int  # 0 goes first, the next wave only after all of it has gone or was given up
    listed: bool  # whether absence can be seen in the list; a job stays in it for ever
    metered: bool  # costs by the hour from its create on; a cluster does so only through its jobs
    by_hand: str
    studio: str
    at_rest: str = ""  # by hand as well, when it is to be kept


KINDS: dict[str, Kind] = {
    "endpoint": Kind(
        path="onlineEndpoints",
        wave=0,
        listed=True,
        metered=True,
        by_hand="az ml online-endpoint delete --yes --name {name}",
        studio="https://ml.azure.com/endpoints/realtime/{name}/detail?wsid={workspace}",
    ),
    "job": Kind(  # a job that ended costs nothing; it is canceled, not deleted
        path="jobs",
        wave=0,
        listed=False,
        metered=True,
        by_hand="az ml job cancel --name {name}",
        studio="https://ml.azure.com/runs/{name}?wsid={workspace}",
    ),
    "compute": Kind(
        path="computes",
        wave=1,
        listed=True,
        metered=False,
        by_hand="az ml compute delete --yes --name {name}",
        at_rest="az ml compute update --name {name} --min-instances 0",
        studio="https://ml.azure.com/compute/{name}/details?wsid={workspace}",
    ),
}
