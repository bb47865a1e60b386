// Pictures of the pages of `kg serve`, as WebP:
//     node served_pictures.mjs JOBS.json
// A job has an `address`, an `out`, and a `look` (light, dark, phone, phone dark).
import { readFile } from "node:fs/promises";
import { LOOKS, taken } from "./looks.mjs";
import { served } from "./served.mjs";

for (const { address, out, look } of JSON.parse(await readFile(process.argv[2], "utf8"))) {
  const said = await served(address, (page) => taken(page, out), LOOKS[look]);
  if (said.errors.length) throw new Error(`${address}: ${said.errors}`);
  console.log(out);
}
