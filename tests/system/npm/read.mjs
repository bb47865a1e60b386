// Reads an export with the program that it is for, and prints what that holds: node read.mjs FORMAT FILE
import { readFileSync } from "node:fs";

const [format, file] = process.argv.slice(2);
const text = readFileSync(file, "utf8");

const said = (data) => [data.kind, data.property, Number(data.weight)];

function held(graph) {
  const nodes = {};
  const edges = {};
  graph.forEachNode((key, attributes) => (nodes[key] = attributes));
  graph.forEachEdge((key, attributes, source, target) => (edges[key] = [source, target, ...said(attributes)]));
  return { nodes, edges, type: graph.type, multi: graph.multi };
}

const readers = {
  async graphology() {
    const { default: Graph } = await import("graphology");
    return held(Graph.from(JSON.parse(text)));
  },
  async gexf() {
    const { default: Graph } = await import("graphology");
    const { default: gexf } = await import("graphology-gexf");
    return held(gexf.parse(Graph, text, { allowUndeclaredAttributes: false }));
  },
  async graphml() {
    const { default: Graph } = await import("graphology");
    const { default: graphml } = await import("graphology-graphml");
    return held(graphml.parse(Graph, text));
  },
  async cytoscape() {
    const { default: cytoscape } = await import("cytoscape");
    const cy = cytoscape({ headless: true, elements: JSON.parse(text).elements });
    const edges = cy.edges().map((one) => [one.id(), [one.source().id(), one.target().id(), ...said(one.data())]]);
    return { nodes: Object.fromEntries(cy.nodes().map((one) => [one.id(), one.data()])), edges: Object.fromEntries(edges) };
  },
  async d3() {
    const { forceLink, forceSimulation } = await import("d3-force");
    const { nodes, links } = JSON.parse(text);
    const link = forceLink(links).id((one) => one.id);
    forceSimulation(nodes).force("link", link).stop().tick(3);
    const edges = link.links().map((one) => [one.id, [one.source.id, one.target.id, ...said(one)]]);
    return { nodes: Object.fromEntries(nodes.map((one) => [one.id, one])), edges: Object.fromEntries(edges) };
  },
  async cypher() {
    const { createRequire } = await import("node:module");
    const { lintCypherQuery } = createRequire(import.meta.url)("@neo4j-cypher/language-support");
    return lintCypherQuery(text, {}).diagnostics.map((one) => `${one.range.start.line + 1}: ${one.message}`);
  },
  async mermaid() {
    const { JSDOM } = await import("jsdom");
    const { window } = new JSDOM("");
    Object.assign(globalThis, { window, document: window.document });
    const { default: mermaid } = await import("mermaid");
    await mermaid.parse(text);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const shown = (label) => label.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(code)); // as mermaid keeps #34;
    const nodes = [...db.getVertices().values()].map((one) => [
      one.id,
      { label: shown(one.text), iri: one.link, classes: one.classes },
    ]);
    const edges = db.getEdges().map((one) => [one.start, one.end, shown(one.text)]);
    return { nodes: Object.fromEntries(nodes), edges };
  },
};

console.log(JSON.stringify(await readers[format]()));
