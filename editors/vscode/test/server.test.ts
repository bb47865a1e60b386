/** The real server, as the extension starts it. Needs `KG`, a path of kg with the extra `lsp`. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
} from "vscode-languageserver-protocol/node";
import * as lsp from "vscode-languageserver-protocol/node";
import { type Converter, referenceArguments } from "../src/references";
import { program } from "../src/settings";

// With a separator it is a path from here, not from the home folder.
const kg = process.env["KG"]?.replace(/^.*[/\\].*$/, (path) => resolve(path));

function reasonToSkip(): string | false {
  if (!kg) return "KG names no program";
  const done = spawnSync(kg, ["lsp", "--help"], { encoding: "utf8" });
  if (done.error) return `${kg}: ${done.error.message}`;
  return done.status === 0 ? false : `${kg} lsp does not run: ${done.stderr.trim().split("\n").at(-1)}`;
}

const asis: Converter<string, lsp.Position, lsp.Location> = {
  asUri: (uri) => uri,
  asPosition: (position) => position,
  asLocation: (location) => location,
};

test("the server answers what the extension asks", { skip: reasonToSkip(), timeout: 120_000 }, async () => {
  const vault = mkdtempSync(join(tmpdir(), "kg-vault-"));
  mkdirSync(join(vault, ".obsidian"));
  const text = "# Start\n\nSee [[Other]] and [[Nowhere]].\n";
  writeFileSync(join(vault, "Start.md"), text);
  writeFileSync(join(vault, "Other.md"), "# Other\n");
  const started = program((name) => (name === "command" ? [kg] : undefined), homedir());
  assert.ok(started);
  const child = spawn(started.command, started.args, { ...started.options, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((done) => child.on("exit", done));
  const connection = createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  connection.onRequest("workspace/configuration", (params: lsp.ConfigurationParams) => params.items.map(() => ({})));
  for (const method of ["client/registerCapability", "window/workDoneProgress/create"]) {
    connection.onRequest(method, () => null);
  }
  connection.listen();
  try {
    const { capabilities, serverInfo } = await connection.sendRequest(lsp.InitializeRequest.type, {
      processId: process.pid,
      rootUri: pathToFileURL(vault).href,
      workspaceFolders: [{ uri: pathToFileURL(vault).href, name: "vault" }],
      initializationOptions: { severity: "info" },
      capabilities: {
        general: { positionEncodings: ["utf-16"] },
        textDocument: { diagnostic: { dynamicRegistration: false }, codeLens: {} },
        workspace: { diagnostics: { refreshSupport: true } }, // as VS Code; the server pushes to others
      },
    });
    assert.ok(serverInfo?.name);
    assert.equal(capabilities.positionEncoding ?? "utf-16", "utf-16");
    // The extension registers the command itself; the client would do so again for one of the server's.
    assert.ok(!capabilities.executeCommandProvider?.commands.includes("kg.showReferences"));
    await connection.sendNotification(lsp.InitializedNotification.type, {});
    const uri = pathToFileURL(join(vault, "Start.md")).href;
    const textDocument = { uri };
    await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: "markdown", version: 1, text },
    });
    assert.deepEqual((await findings(connection, uri)).map((finding) => finding.code), ["L01"]);
    const position = { line: 2, character: text.split("\n")[2]!.indexOf("Other") + 2 };
    const target = await connection.sendRequest(lsp.DefinitionRequest.type, { textDocument, position });
    assert.match(JSON.stringify(target), /Other\.md/);
    if (capabilities.codeLensProvider) await lenses(connection, pathToFileURL(join(vault, "Other.md")).href);
    await connection.sendRequest(lsp.ShutdownRequest.type);
    await connection.sendNotification(lsp.ExitNotification.type);
    assert.equal(await ended, 0);
  } finally {
    connection.dispose();
    child.kill("SIGKILL");
    rmSync(vault, { recursive: true, force: true });
  }
});

async function findings(connection: ProtocolConnection, uri: string): Promise<lsp.Diagnostic[]> {
  const report = await connection.sendRequest(lsp.DocumentDiagnosticRequest.type, { textDocument: { uri } });
  assert.equal(report.kind, "full");
  return report.kind === "full" ? report.items : [];
}

/** Each lens that shows references gives what the extension's command takes. */
async function lenses(connection: ProtocolConnection, uri: string): Promise<void> {
  await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "markdown", version: 1, text: "# Other\n" },
  });
  const shown = (await connection.sendRequest(lsp.CodeLensRequest.type, { textDocument: { uri } })) ?? [];
  for (const lens of shown) {
    const whole = lens.command ? lens : await connection.sendRequest(lsp.CodeLensResolveRequest.type, lens);
    if (whole.command?.command !== "kg.showReferences") continue;
    const [place, position, locations] = whole.command.arguments ?? [];
    assert.ok(referenceArguments(asis, place, position, locations)?.[2].length === locations.length);
  }
}
