"""Charts: values in, Vega-Lite specifications out, SVG files drawn from them once.

values      what the chart functions take
trend scatter series    one Altair-authored template per kind, filled with data
sparkline   small SVG files written without a renderer
alt         the sentence that says what a chart shows
theme       colours, fonts and sizes
check       the allow-list for specifications that came out of a build
draw        specification → SVG, in guarded processes, cached by content
bundle      the Vega scripts of the site
"""
