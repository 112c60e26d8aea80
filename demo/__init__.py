"""The demo: one model, one bad version, one rollback, one kill, on a real cluster, told as it happens."""
