"""The files that `reportgen init` starts a project with."""
