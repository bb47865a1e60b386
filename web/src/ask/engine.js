// The worker with the dataset, as the page sees it: it is asked, and ended where an answer takes too long.

import { fromBase64 } from "./base64.js";

const block = (id) => document.getElementById(id).textContent.trim();

async function unpacked(id) {
  const stream = new Blob([fromBase64(block(id))]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

export async function json(id) {
  return JSON.parse(new TextDecoder().decode(await unpacked(id)));
}

/** What went wrong with a question, with its place if it has one. */
export class Refusal extends Error {
  constructor({ message, line, column, index }) {
    super(message);
    Object.assign(this, { line, column, index });
  }
}

export class Engine {
  constructor() {
    this.pending = new Map();
    this.number = 0;
    this.module = null;
    this.script = unpacked("kg-worker").then((found) => URL.createObjectURL(new Blob([found], { type: "text/javascript" })));
    this.begin();
  }

  /** Start a worker; `ready` tells when it can answer. */
  begin() {
    this.ready = this.load();
    this.ready.catch(() => {});
  }

  async load() {
    this.worker = new Worker(await this.script);
    this.worker.onmessage = ({ data }) => this.told(data);
    this.worker.onerror = (event) => this.fail(event.message || "the worker of this page could not start");
    const engine = this.module ? null : block("kg-oxigraph");
    const data = { terms: block("kg-terms"), columns: block("kg-triples"), settings: block("kg-questions"), search: block("kg-search") };
    const { size, module } = await this.send("start", { engine, module: this.module, ...data });
    this.module = module;
    return { size, at: performance.now() };
  }

  send(kind, what) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, kind, ...what });
    });
  }

  told({ id, answer, mistake, broken }) {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (mistake) waiting?.reject(new Refusal(mistake));
    else waiting?.resolve(answer);
    if (broken) this.stop("");
  }

  fail(message) {
    for (const { reject } of this.pending.values()) reject(new Refusal({ message }));
    this.pending.clear();
  }

  /** Ask; after so many seconds (0: never) the worker is ended and another one starts. */
  async ask(kind, what, seconds = 0) {
    await this.ready;
    const timer = seconds ? setTimeout(() => this.stop(`stopped after ${seconds} seconds, the time limit`), seconds * 1000) : 0;
    try {
      return await this.send(kind, what);
    } finally {
      clearTimeout(timer);
    }
  }

  /** End the worker and whatever it does, and start another. */
  stop(message = "stopped") {
    this.worker?.terminate();
    this.fail(message);
    this.begin();
    this.onRestart?.();
  }
}
