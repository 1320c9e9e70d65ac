"""Names, files and figures of what instruments read; see `seix.measure`."""
