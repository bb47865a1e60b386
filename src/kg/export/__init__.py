"""Export for other tools: selection, redaction, and one writer per format.

The writers compute nothing: measures come from other packages, layouts from `layout`.
"""
