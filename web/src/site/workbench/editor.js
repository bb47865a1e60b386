// The editor of the workbench, in place of the text field: colours, completion, errors at their place.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";
import { nameSource, vocabulary, wordSource } from "./completion.js";

const LOOK = EditorView.theme({
  "&": { backgroundColor: "var(--paper)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px", fontSize: "0.94rem" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace', lineHeight: "1.5", minHeight: "9em", maxHeight: "60vh" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--hover)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--mark)", color: "inherit" },
  ".cm-tooltip": { backgroundColor: "var(--paper)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px", boxShadow: "0 6px 20px #0003" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 10px", display: "flex", gap: "12px", alignItems: "baseline" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--hover)", color: "var(--ink)" },
  ".cm-tooltip-autocomplete": { maxWidth: "min(95vw, 640px)" },
  ".cm-completionLabel": { overflow: "hidden", textOverflow: "ellipsis" },
  ".cm-completionDetail": { marginLeft: "auto", color: "var(--soft)", fontStyle: "normal", fontSize: "0.9em" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "650" },
  ".cm-tooltip.cm-completionInfo": { padding: "6px 10px", maxWidth: "320px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--warm)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--warm)", backgroundColor: "var(--warmer)" },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--warm)" },
});
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.modifier], color: "var(--k3)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--k2)" },
  { tag: [tags.number, tags.integer, tags.float, tags.bool], color: "var(--k1)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.variableName, tags.local(tags.variableName)], color: "var(--k0)" },
  { tag: [tags.namespace, tags.propertyName, tags.url, tags.className], color: "var(--k5)" },
]);

/** Put an editor in place of a text field. A shadow root keeps its styles, so that the page needs no inline ones. */
export function editorFor(area, run) {
  const host = document.createElement("div");
  host.className = "code-editor";
  const root = host.attachShadow({ mode: "open" });
  area.before(host);
  area.hidden = true;
  host.addEventListener("keydown", (event) => event.stopPropagation()); // the keys of the page are letters here
  const keys = [{ key: "Mod-Enter", run: () => (run(), true) }];
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        Prec.highest(keymap.of(keys)),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap]),
        history(), drawSelection(), bracketMatching(), closeBrackets(), EditorView.lineWrapping,
        autocompletion({ override: [wordSource, nameSource], icons: false, maxRenderedOptions: 60 }),
        sparql(), syntaxHighlighting(COLOURS), LOOK,
        EditorView.contentAttributes.of({ "aria-label": "Query in SPARQL", "aria-describedby": "query-hint", spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => { if (update.docChanged) area.value = update.state.doc.toString(); }),
        EditorView.domEventHandlers({ focus: () => { vocabulary().catch(() => {}); }, beforeinput: typedOver }),
      ],
    }),
  });
  return {
    view,
    text: () => view.state.doc.toString(),
    focus: () => view.focus(),
    /** Mark where a query is wrong; nothing without a line. */
    mark(line, column, message) {
      const doc = view.state.doc;
      const at = line && doc.line(Math.min(line, doc.lines));
      const from = at ? Math.min(at.from + codeUnits(at.text, column - 1), at.to) : 0;
      const to = at ? Math.max(Math.min(from + /^[\p{L}\p{N}_:.?$-]*/u.exec(doc.sliceString(from, at.to))[0].length, at.to), Math.min(from + 1, doc.length)) : 0;
      view.dispatch(setDiagnostics(view.state, at ? [{ from, to, severity: "error", message }] : []));
      if (at) view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    },
  };
}

/** Replace a selection by what is typed. A browser that does this itself keeps the look of the text in inline styles. */
function typedOver(event, view) {
  const { main, ranges } = view.state.selection;
  if (event.inputType !== "insertText" || !event.data || main.empty || ranges.length > 1 || view.composing) return false;
  const made = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  event.preventDefault();
  if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, main.from, main.to, event.data, made))) view.dispatch(made());
  return true;
}

/** The code units of a number of characters. */
const codeUnits = (text, characters) => [...text].slice(0, characters).join("").length;
