// N-Quads of a JSON-LD document, by the library of its standard's editors, with no network.
import { readFileSync } from "node:fs";
import jsonld from "jsonld";

const documentLoader = (url) => {
  throw new Error(`nothing is fetched, and ${url} was asked for`);
};
const document = JSON.parse(readFileSync(process.argv[2], "utf-8"));
process.stdout.write(await jsonld.toRDF(document, { format: "application/n-quads", documentLoader }));
