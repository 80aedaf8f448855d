"""Preview on one's own machine: build into a temporary site, watch, reload; or serve what is published."""
