"""Boots, starts and stops of a machine (or container) and its services.

``snapshot`` is the current state, ``state_file`` the stored one of the last boot; ``wtmp`` and ``systemd`` show how
that ended. ``boot_analysis`` concludes from all of them. ``service`` reads how a service ended. Nothing here records or
sends.
"""
