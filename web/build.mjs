// The page of `kg export -f html`, what answers questions in it with --queryable, and the pages of `kg serve`: src/ to
// ../src/kg/export/web/ and ../src/kg/server/web/, where they are committed, so that kg needs no node.
//     npm ci && node build.mjs [FOLDER]
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const goal = path.resolve(here, process.argv[2] ?? "../src/kg");
const options = { bundle: true, minify: true, write: false, target: "es2022", charset: "ascii", legalComments: "none", absWorkingDir: here };

const script = await build({ ...options, entryPoints: ["src/main.js"], format: "iife", metafile: true, outfile: "page.js" });
const style = await build({ ...options, entryPoints: ["src/style.css"], outfile: "page.css" });
const ask = await build({ ...options, entryPoints: ["src/ask/ask.js"], format: "iife", outfile: "ask.js" });
const askStyle = await build({ ...options, entryPoints: ["src/ask/ask.css"], outfile: "ask.css" });
const worker = await build({ ...options, entryPoints: ["src/ask/worker.js"], format: "iife", metafile: true, outfile: "worker.js" });
const files = {
  "ask.js": ask.outputFiles[0].text,
  "ask.css": askStyle.outputFiles[0].text,
  "worker.js": worker.outputFiles[0].text,
  "oxigraph.wasm": await readFile(path.join(here, "node_modules/oxigraph/web_bg.wasm")),
  "page.js": script.outputFiles[0].text,
  "page.css": style.outputFiles[0].text,
  "page.html": await readFile(path.join(here, "src/index.html"), "utf8"),
  "LICENSES.txt": await licences("page.js, worker.js and oxigraph.wasm hold", [...Object.keys(script.metafile.inputs), ...Object.keys(worker.metafile.inputs)]),
};
for (const name of ["page.js", "page.css", "ask.js", "ask.css"]) {
  if (/<\/|<!--/.test(files[name])) throw new Error(`${name} would end its element`);
}
await keep(path.join(goal, "export"), files);

const site = await build({ ...options, entryPoints: ["src/site/site.js"], format: "iife", outfile: "site.js" });
const bench = await build({ ...options, entryPoints: ["src/site/workbench/workbench.js"], format: "iife", metafile: true, outfile: "workbench.js" });
const questions = await build({ ...options, entryPoints: ["src/site/questions.js"], format: "iife", outfile: "questions.js" });
const siteStyle = await build({ ...options, entryPoints: ["src/site/site.css"], outfile: "site.css" });
await keep(path.join(goal, "server"), {
  "site.js": site.outputFiles[0].text,
  "site.css": siteStyle.outputFiles[0].text,
  "questions.js": questions.outputFiles[0].text,
  "workbench.js": bench.outputFiles[0].text,
  "LICENSES.txt": await licences("workbench.js holds", Object.keys(bench.metafile.inputs)),
  "icon.svg": await readFile(path.join(here, "src/site/icon.svg"), "utf8"),
});

/** Write the files of a package, and their hashes. */
async function keep(place, files) {
  const folder = path.join(place, "web");
  await mkdir(folder, { recursive: true });
  const sums = [];
  for (const [name, text] of Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1))) {
    await writeFile(path.join(folder, name), text);
    sums.push(`${createHash("sha256").update(text).digest("hex")}  ${name}\n`);
  }
  await writeFile(path.join(folder, "SHA256SUMS"), sums.join(""));
}

/** The licences of all packages of which anything is in a page. */
async function licences(where, inputs) {
  const names = new Set(inputs.flatMap((input) => input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.slice(1) ?? []));
  let found = `${where} parts of these packages.\n`;
  for (const name of [...names].sort()) {
    const folder = path.join(here, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    let text = "";
    for (const file of ["LICENSE", "LICENSE.txt", "LICENSE.md"]) text ||= await readFile(path.join(folder, file), "utf8").catch(() => "");
    text ||= await readFile(path.join(here, "licences", `${name}.txt`), "utf8").catch(() => "");
    if (!text) throw new Error(`${name} has no licence file`);
    found += `\n---- ${name} ${version} (${license}) ----\n\n${text.replace(/\r\n/g, "\n").trim()}\n`;
  }
  return found;
}
