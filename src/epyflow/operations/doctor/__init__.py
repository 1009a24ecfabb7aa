"""What a run needs, looked at before it is started: every finding with its remedy.

Each check is a function of a :class:`~epyflow.operations.doctor.context.Context` that returns one
:class:`~epyflow.operations.doctor.check.CheckResult`. A new one is a function and a line in
:mod:`epyflow.operations.doctor.checks`.
"""
