"""Judgement as pure functions over frozen values: no I/O, no SQL, no templates."""
