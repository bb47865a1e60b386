// The answers of comunica to queries about an endpoint: node ask.mjs ENDPOINT < {"name": "SELECT …"}
import { readFileSync } from "node:fs";
import { QueryEngine } from "@comunica/query-sparql";

const queries = JSON.parse(readFileSync(0, "utf8"));
const engine = new QueryEngine();

async function rows(text) {
  const stream = await engine.queryBindings(text, { sources: [process.argv[2]] });
  return new Promise((done, failed) => {
    const read = [];
    stream.on("data", (row) => read.push([...row].map(([variable, term]) => [variable.value, term.value]).sort()));
    stream.on("end", () => done(read));
    stream.on("error", failed);
  });
}

const answers = {};
for (const [name, text] of Object.entries(queries)) answers[name] = await rows(text);
console.log(JSON.stringify(answers));
