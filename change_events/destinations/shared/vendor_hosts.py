"""The vendors' own domains, by kind of destination: a vendor's secret may go there whoever wrote the address.

A kind that is not here is hosted by its users, or its vendor's domain also serves what customers run (AWS).
"""

from __future__ import annotations

from urllib.parse import urlsplit

DOMAINS = {
    "azuremonitor": (
        *("management.azure.com", "management.usgovcloudapi.net", "management.chinacloudapi.cn"),
        *("login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn"),
    ),
    "datadog": ("datadoghq.com", "datadoghq.eu", "ddog-gov.com"),
    "dynatrace": ("live.dynatrace.com",),
    "github": ("api.github.com",),
    "gitlab": ("gitlab.com",),
    "honeycomb": ("honeycomb.io",),
    "jira": ("api.atlassian.com",),
    "newrelic": ("newrelic.com",),
    "pagerduty": ("pagerduty.com",),
    "sematext": ("sematext.com",),
    "slack": ("slack.com", "slack-gov.com"),
}


def is_own(kind: str, address: str) -> bool:
    """Whether ``address`` is one of the vendor's own hosts, by https."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if {"@", "\\"} & set(address):  # what stands before the host is read otherwise here and there
        return False
    return parts.scheme == "https" and any(
        host == domain or host.endswith(f".{domain}") for domain in DOMAINS.get(kind, ())
    )
