"""The composition root: the only package that names concrete classes of all three packages.

Everything is built from settings, in the order of need; nothing here decides anything. ``krab`` says what there is when
all is open. ``storage`` and ``sources`` wire what it is made from, ``opening`` opens it; ``status``, ``digests``,
``orders`` and ``serving`` wire what is done with it, each knowing only those named before it.
"""
