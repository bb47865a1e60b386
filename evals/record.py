"""Record what the tools answer to the calls of each question, for the test that replays them.

    python evals/record.py        write evals/transcripts.json anew; look at its difference before you commit it

A transcript has the text of each answer, byte for byte as an agent gets it.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from kg.config import load
from kg.mcp.answering import ToolCall, called
from kg.mcp.fresh_vault import FreshVault

HERE = Path(__file__).parent


def transcripts(folder: Path) -> list[dict[str, Any]]:
    """The answers to the calls of each question, about a copy of the vault in a folder."""
    vault = folder / "vault"
    shutil.copytree(HERE / "vault", vault, ignore=shutil.ignore_patterns(".kg"))
    source = FreshVault(load(vault, cwd=vault))
    try:
        opened = source.latest()
        return [
            {
                "question": row["question"],
                "answers": [called(opened, ToolCall(call["tool"], call["arguments"])).text for call in row["calls"]],
            }
            for row in json.loads((HERE / "questions.json").read_text(encoding="utf-8"))
        ]
    finally:
        source.close()
        source.checks.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        text = json.dumps(transcripts(Path(temporary)), indent=1, ensure_ascii=False)
    (HERE / "transcripts.json").write_text(f"{text}\n", encoding="utf-8")
