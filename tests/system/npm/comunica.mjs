// The answers of comunica to queries about an endpoint: node comunica.mjs ENDPOINT < {"name": "SELECT …"}
import { readFileSync } from "node:fs";
import { QueryEngine } from "@comunica/query-sparql";

const queries = JSON.parse(readFileSync(0, "utf8"));
const engine = new QueryEngine();
const answers = {};
for (const [name, text] of Object.entries(queries)) {
  const rows = await engine.queryBindings(text, { sources: [process.argv[2]] });
  answers[name] = (await rows.toArray()).map((row) =>
    [...row].map(([variable, term]) => [variable.value, term.value]).sort(),
  );
}
console.log(JSON.stringify(answers));
