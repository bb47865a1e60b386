/** The language server of kg in VS Code. */

import * as vscode from "vscode";
import { type ConfigurationParams, LanguageClient, type LanguageClientOptions } from "vscode-languageclient/node";
import { referenceArguments } from "./references";
import { program, serverSettings } from "./settings";
import { diagnose, found, missing, NO_COMMAND, type Trouble } from "./trouble";

/** Says nothing in windows of its own while it starts: why it does not start is found out, and said once. */
class KgClient extends LanguageClient {
  private started = false;

  override async start(): Promise<void> {
    await super.start();
    this.started = true;
  }

  override error(message: string, data?: unknown, show: boolean | "force" = true): void {
    super.error(message, data, this.started ? show : false);
  }
}

let output: vscode.LogOutputChannel;
let client: LanguageClient | undefined;
/** One start or stop at a time. */
let queue: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("kg", { log: true });
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("kg.restart", () => inTurn(restart)),
    vscode.commands.registerCommand("kg.showReferences", showReferences),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("kg.command") || event.affectsConfiguration("kg.store")) void inTurn(restart);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void inTurn(restart)),
  );
  await inTurn(start);
}

export function deactivate(): Promise<void> {
  return inTurn(stop);
}

function inTurn(step: () => Promise<void>): Promise<void> {
  queue = queue.then(step, step);
  return queue;
}

function read(name: string): unknown {
  return vscode.workspace.getConfiguration("kg").get(name);
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function start(): Promise<void> {
  const wanted = program(read);
  if (!wanted) return tell(NO_COMMAND);
  const file = found(wanted);
  if (!file) return tell(missing(wanted));
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file", language: "markdown" }],
    initializationOptions: () => serverSettings(read),
    synchronize: { configurationSection: "kg" },
    outputChannel: output,
    diagnosticCollectionName: "kg",
    initializationFailedHandler: () => false,
    middleware: {
      workspace: {
        // What the server asks for is what it got at the start: without settings of the editor, nor empty ones.
        configuration: async (params: ConfigurationParams, token, next) => {
          const values = await next(params, token);
          if (!Array.isArray(values)) return values;
          return values.map((value, place) => (params.items[place]?.section === "kg" ? serverSettings(read) : value));
        },
      },
    },
  };
  const starting = new KgClient("kg", "kg", { ...wanted, command: file }, options);
  try {
    await starting.start();
    client = starting;
  } catch (error) {
    output.error(error instanceof Error ? error.message : String(error));
    await starting.dispose().catch(() => undefined);
    tell(await diagnose({ ...wanted, command: file }));
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.dispose().catch((error) => output.warn(String(error)));
}

async function showReferences(uri: unknown, position: unknown, locations: unknown): Promise<void> {
  const converter = client?.protocol2CodeConverter;
  const shown = converter && referenceArguments(converter, uri, position, locations);
  if (shown) await vscode.commands.executeCommand("editor.action.showReferences", ...shown);
}

/** Says what is wrong, and offers the way out; waits for no answer. */
function tell(trouble: Trouble): void {
  output.error(trouble.message);
  const choices = [...(trouble.remedy ? ["Copy the command"] : []), "Settings", "Output"];
  void vscode.window.showErrorMessage(trouble.message, ...choices).then((choice) => {
    if (choice === "Copy the command") void vscode.env.clipboard.writeText(trouble.remedy ?? "");
    if (choice === "Settings") void vscode.commands.executeCommand("workbench.action.openSettings", "kg.command");
    if (choice === "Output") output.show();
  });
}
