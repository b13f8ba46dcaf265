"""Play and record through a device; knows nothing of the Moon.

A device is opened by :func:`drivers.registry.open_device` and used in a
:func:`drivers.session.session`; :mod:`drivers.interface` says what goes in and what comes out.
"""
