"""Write durations for people."""


def format_duration(seconds: float) -> str:
    """Return ``350 ms``, ``35 s``, ``2 min 05 s`` or ``1 h 02 min``."""
    if 0 < seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60:02} min"
