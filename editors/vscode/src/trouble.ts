/** Why the server does not start, and what to do about it. */

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, extname, isAbsolute, join, resolve } from "node:path";
import type { Program } from "./settings";

export const INSTALL = "pip install 'kg-notes[lsp]'";

export interface Trouble {
  message: string;
  /** A command for the terminal that helps, if one does. */
  remedy?: string;
}

export const NO_COMMAND: Trouble = {
  message: "kg: the setting kg.command is not a list of words, such as [\"kg\"].",
};

/** The file of a program: as the system finds it on PATH. */
export function found(program: Program, env: NodeJS.ProcessEnv = process.env, platform = process.platform) {
  const endings = platform === "win32" && !extname(program.command) ? [".exe", ".cmd", ".bat", ".com"] : [""];
  const named = isAbsolute(program.command) || /[/\\]/.test(program.command);
  const path = env["PATH"] ?? env["Path"] ?? "";
  const folders = named ? [program.options.cwd] : path.split(delimiter).filter(isAbsolute);
  return folders
    .flatMap((folder) => endings.map((ending) => (named ? resolve(folder, program.command) : join(folder, program.command)) + ending))
    .find(isProgram);
}

export function missing(program: Program): Trouble {
  return {
    message:
      `kg: there is no program “${program.command}”. Install it: ${INSTALL}. ` +
      "If it is in a virtual environment, give its full path in the setting kg.command.",
    remedy: INSTALL,
  };
}

/** What a program that does not serve says, from the exit code and the output of `kg lsp --help`. */
export function refused(program: Program, code: number | null, output: string): Trouble {
  const said = output.trim().split("\n").filter((line) => line.trim()).at(-1)?.trim();
  if (/kg-notes\[lsp\]|No module named '?(pygls|lsprotocol)/.test(output)) {
    return { message: `kg: the language server needs two more packages. Install them: ${INSTALL}`, remedy: INSTALL };
  }
  if (/No such command/.test(output)) {
    return {
      message: `kg: “${program.command}” has no language server; it is too old. Update it: ${INSTALL.replace("install", "install --upgrade")}`,
      remedy: INSTALL.replace("install", "install --upgrade"),
    };
  }
  if (code === 0) return { message: "kg: the language server ended while it was starting. Its output says why." };
  return { message: `kg: “${[program.command, ...program.args].join(" ")}” failed: ${said ?? `exit code ${code}`}` };
}

/** Asks the program itself why it did not start. */
export function diagnose(program: Program, timeout = 20_000): Promise<Trouble> {
  return new Promise((answer) => {
    const done = (error: Error | null, stdout: string, stderr: string): void => {
      const code = error && "code" in error ? error.code : 0;
      if (code === "ENOENT") answer(missing(program));
      else answer(refused(program, typeof code === "number" ? code : null, stderr || stdout || (error?.message ?? "")));
    };
    execFile(program.command, [...program.args, "--help"], { cwd: program.options.cwd, timeout }, done);
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
