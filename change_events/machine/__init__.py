"""A machine (or container) and its services: what is known of a boot, a start and a stop.

``now`` is what holds at this moment, ``memory`` what was kept from the boot before; ``wtmp`` and ``systemd`` are
witnesses of how that one ended. ``verdict`` concludes from all of them. ``service`` reads how a service ended. Nothing
in here records or sends.
"""
