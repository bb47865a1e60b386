/** The settings of the extension, and what the server gets of them. */

import { homedir } from "node:os";
import { join } from "node:path";

/** How `workspace.getConfiguration("kg")` gives a setting. */
export type Read = (name: string) => unknown;

/** What `kg lsp` knows, as `initializationOptions` and as the section “kg” of the configuration. */
export interface ServerSettings {
  store?: string;
  severity?: "error" | "warning" | "info";
  inlayHints?: boolean;
  codeLens?: boolean;
}

export interface Program {
  command: string;
  args: string[];
  /** Never the folder that is open: on Windows a program is looked for there first. */
  options: { cwd: string };
}

const SEVERITIES = ["error", "warning", "info"] as const;

/** The settings for the server. One that is empty or of another type is left out: the server's default holds. */
export function serverSettings(read: Read): ServerSettings {
  const settings: ServerSettings = {};
  const store = read("store");
  if (typeof store === "string" && store.trim()) settings.store = underHome(store.trim());
  const severity = SEVERITIES.find((known) => known === read("severity"));
  if (severity) settings.severity = severity;
  for (const name of ["inlayHints", "codeLens"] as const) {
    const value = read(name);
    if (typeof value === "boolean") settings[name] = value;
  }
  return settings;
}

/** The program to start; undefined if the setting `kg.command` names none. */
export function program(read: Read, home: string = homedir()): Program | undefined {
  const words = read("command");
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) return undefined;
  const [command, ...args] = words;
  if (!command?.trim()) return undefined;
  return { command: underHome(command.trim(), home), args: [...args, "lsp"], options: { cwd: home } };
}

function underHome(path: string, home: string = homedir()): string {
  return /^~[/\\]/.test(path) ? join(home, path.slice(2)) : path;
}
