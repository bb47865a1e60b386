/** As much of VS Code as the extension needs to start: what it does is recorded, and all else answers to any use. */

import Module from "node:module";

type Listener = (value: unknown) => unknown;

class EventEmitter {
  private listeners: Listener[] = [];
  readonly event = (listener: Listener) => {
    this.listeners.push(listener);
    return new Disposable(() => (this.listeners = this.listeners.filter((other) => other !== listener)));
  };
  fire(value: unknown): void {
    for (const listener of [...this.listeners]) listener(value);
  }
  dispose(): void {
    this.listeners = [];
  }
}

class Disposable {
  constructor(private readonly end: () => unknown) {}
  dispose(): void {
    this.end();
  }
  static from(...all: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
}

/** A value that can be called, constructed and asked for any property. */
function anything(): unknown {
  return new Proxy(function () {}, {
    get: (target, key) => {
      if (key === Symbol.toPrimitive) return () => "";
      if (key === Symbol.iterator) return function* () {};
      if (key === "then" || key === "prototype") return Reflect.get(target, key);
      return anything();
    },
    apply: () => anything(),
    construct: () => anything() as object,
  });
}

function orAnything<T extends object>(known: T): T {
  return new Proxy(known, { get: (target, key) => (key in target ? Reflect.get(target, key) : anything()) });
}

export class Editor {
  settings: Record<string, unknown> = {};
  commands = new Map<string, (...args: unknown[]) => unknown>();
  executed: unknown[][] = [];
  errors: { message: string; choices: string[] }[] = [];
  log: string[] = [];
  clipboard = "";
  /** What is chosen in the next message. */
  choice: string | undefined;
  changed = new EventEmitter();
  trusted = new EventEmitter();

  readonly api = orAnything({
    EventEmitter,
    Disposable,
    version: "1.104.0",
    env: orAnything({
      appName: "Visual Studio Code",
      language: "en",
      clipboard: { writeText: async (text: string) => void (this.clipboard = text) },
    }),
    Uri: orAnything({ parse: (text: string) => ({ text }), file: (text: string) => ({ text }) }),
    window: orAnything({
      createOutputChannel: () =>
        orAnything({
          ...Object.fromEntries(
            ["error", "warn", "info", "debug", "trace", "append", "appendLine"].map((name) => [
              name,
              (text: unknown) => this.log.push(String(text)),
            ]),
          ),
          dispose: () => undefined,
        }),
      showErrorMessage: async (message: string, ...choices: string[]) => {
        this.errors.push({ message, choices });
        return this.choice;
      },
    }),
    workspace: orAnything({
      workspaceFolders: undefined,
      textDocuments: [],
      notebookDocuments: [],
      onDidChangeConfiguration: this.changed.event,
      onDidGrantWorkspaceTrust: this.trusted.event,
      getConfiguration: (section: string) => ({
        get: (name: string) => this.settings[section ? `${section}.${name}` : name],
        inspect: () => undefined,
      }),
    }),
    commands: orAnything({
      registerCommand: (name: string, run: (...args: unknown[]) => unknown) => {
        if (this.commands.has(name)) throw new Error(`command '${name}' already exists`);
        this.commands.set(name, run);
        return new Disposable(() => this.commands.delete(name));
      },
      executeCommand: async (...words: unknown[]) => void this.executed.push(words),
    }),
  });

  /** The extension as it is built, in this editor. */
  load(path: string): { activate(context: unknown): Promise<void>; deactivate(): Promise<void> } {
    const internal = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
    const original = internal._load;
    internal._load = (request, ...rest) => (request === "vscode" ? this.api : original.call(internal, request, ...rest));
    try {
      delete require.cache[require.resolve(path)];
      return require(path);
    } finally {
      internal._load = original;
    }
  }
}
