"""``reportgen.toml``: read, checked as a whole, and frozen.

Every key has a default but the ones marked as required. All problems are told at once, each with its dotted key; an unknown
key is an error that names the nearest known one. The field descriptions are the configuration reference.
"""

from reportgen.config.reading import load_config, parse_config
from reportgen.config.sections import (
    Config,
    JenkinsConfig,
    JobConfig,
    LeaderboardConfig,
    Limits,
    MetricConfig,
    PipelineConfig,
    SecretsConfig,
    SiteConfig,
    StoreConfig,
    reference,
)
from reportgen.config.values import parse_direction, parse_size

__all__ = [
    "Config",
    "JenkinsConfig",
    "JobConfig",
    "LeaderboardConfig",
    "Limits",
    "MetricConfig",
    "PipelineConfig",
    "SecretsConfig",
    "SiteConfig",
    "StoreConfig",
    "load_config",
    "parse_config",
    "parse_direction",
    "parse_size",
    "reference",
]
