"""Name the environment variables with secrets of notifications."""

WEBHOOK_VARIABLE = "EPYFLOW_NOTIFY_WEBHOOK"
PASSWORD_VARIABLE = "EPYFLOW_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
SECRET_VARIABLES = (WEBHOOK_VARIABLE, PASSWORD_VARIABLE)
"""Their values are in no file of settings, argument or log."""
