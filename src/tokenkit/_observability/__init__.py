"""What a call reports: records, hooks, logs, traces and metrics."""
