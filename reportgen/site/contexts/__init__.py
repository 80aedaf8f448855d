"""What templates get: one frozen, documented value per page kind, and the components they share.

Everything in a context is text that is ready to be placed: numbers are formatted, links are relative to the page, coordinates
of plots are percentages. A template decides on markup and nothing else. Each field carries its help, from which the theme
manual is made.
"""
