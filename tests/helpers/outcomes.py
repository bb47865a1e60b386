"""A small vault of outcomes and outputs with properties of their own."""

OUTCOMES = {
    "Plan.md": "---\ntype: concept\n---\n# Goals\n\nSee [[Fast start]] and [[Few calls]].\n",
    "Fast start.md": "---\ntype: outcome\neffort: 13\nowner: Ada\n---\nIt takes [[Guided setup]].\n",
    "Few calls.md": "---\ntype: outcome\neffort: 5\nowner: Bea\n---\nIt takes [[Guided setup]] and [[Help pages]].\n",
    "Calm nights.md": "---\ntype: outcome\neffort: 8\n---\nNothing <script>alert(1)</script> yet.\n",
    "Guided setup.md": "---\ntype: output\n---\nA wizard.\n",
    "Help pages.md": "---\ntype: output\n---\nPages that help.\n",
}
