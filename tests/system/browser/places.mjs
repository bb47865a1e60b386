// Says where the cursor, a `|` in each text, is in a query, as the editor of the workbench reads it:
//     node places.mjs TEXT…
import { classesOf, placeAt } from "../../../web/src/site/workbench/place.js";

const found = process.argv.slice(2).map((text) => {
  const index = text.indexOf("|");
  const whole = text.slice(0, index) + text.slice(index + 1);
  const { kind, typed, subject } = placeAt(whole, index);
  return [kind, typed, subject ? classesOf(whole, subject) : []];
});
console.log(JSON.stringify(found));
