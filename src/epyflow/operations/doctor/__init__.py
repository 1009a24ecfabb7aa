"""Check what a run needs before it is started, and say what to do about each failure.

Each check is a function of a :class:`~epyflow.operations.doctor.context.Context` that returns one
:class:`~epyflow.operations.doctor.check.CheckResult`. A new one is a function and a line in
:mod:`epyflow.operations.doctor.checks`.
"""
