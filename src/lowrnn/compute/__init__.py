"""Many independent jobs, on processes or a cluster; stored as they end, resumed after a kill."""

from lowrnn.compute.jobs import DivergedError, Job, JobResult
from lowrnn.compute.run import run_jobs

__all__ = ["DivergedError", "Job", "JobResult", "run_jobs"]
