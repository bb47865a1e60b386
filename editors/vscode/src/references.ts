/** The command of kg's code lenses, in terms of the editor. */

import type { Location, Position } from "vscode-languageserver-protocol";

/** How positions of the protocol become those of the editor: `client.protocol2CodeConverter`. */
export interface Converter<U, P, L> {
  asUri(uri: string): U;
  asPosition(position: Position): P;
  asLocation(location: Location): L;
}

/** The arguments of `editor.action.showReferences` from those of `kg.showReferences`. */
export function referenceArguments<U, P, L>(
  converter: Converter<U, P, L>,
  uri: unknown,
  position: unknown,
  locations: unknown,
): [U, P, L[]] | undefined {
  if (typeof uri !== "string" || !isPosition(position) || !Array.isArray(locations)) return undefined;
  return [
    converter.asUri(uri),
    converter.asPosition(position),
    locations.filter(isLocation).map((location) => converter.asLocation(location)),
  ];
}

function isPosition(value: unknown): value is Position {
  return isRecord(value) && typeof value["line"] === "number" && typeof value["character"] === "number";
}

function isLocation(value: unknown): value is Location {
  if (!isRecord(value) || typeof value["uri"] !== "string" || !isRecord(value["range"])) return false;
  return isPosition(value["range"]["start"]) && isPosition(value["range"]["end"]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
