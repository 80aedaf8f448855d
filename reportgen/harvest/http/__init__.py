"""The way to Jenkins: the one place that uses python-jenkins (calls of the remote API) and requests (bytes of files)."""

from reportgen.harvest.http.client import Http
from reportgen.harvest.http.credentials import Credentials, Secret, find_credentials
from reportgen.harvest.http.failures import TooLarge
from reportgen.harvest.http.retry import RetryRules
from reportgen.harvest.http.session import Body, HttpSettings

__all__ = ["Body", "Credentials", "Http", "HttpSettings", "RetryRules", "Secret", "TooLarge", "find_credentials"]
