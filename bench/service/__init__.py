"""The service that is measured: its servers, its processes, its people."""
