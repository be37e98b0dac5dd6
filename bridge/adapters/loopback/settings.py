"""What the operator writes under ``[accounts.NAME]`` for a loopback account."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """An account on the invented network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["loopback"] = "loopback"
    directory: Path = Field(description="The folder that is the network; it is made when it is not there.")
    thin: bool = Field(
        default=True,
        description="Behave like SMS: short plain texts and nothing else. False: like a chat app with everything.",
    )
    poll_interval: float = Field(
        default=0.5, gt=0, le=60, description="Seconds between two looks for new messages when there were none."
    )
