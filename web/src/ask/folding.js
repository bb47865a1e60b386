// Letters folded as kg folds them for its search: neither case nor width nor diacritics count, in any script.
const VOICED = /[\uff66-\uff9d][\uff9e\uff9f]/g;
export const ALONE =
  "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u2190-\\u2bff\\u{1f000}-\\u{1faff}\\u3005-\\u3007\\u3040-\\u30ff\\u3100-\\u312f" +
  "\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\uff66-\\uff9d\\u{20000}-\\u{3ffff}";
const SIGNS = /(?<=[\p{L}\p{N}\p{M}_])(?:\+\+|#)(?![\p{L}\p{N}\p{M}_])/gu;
const SIGN_LETTERS = { "+": "\ue0f0", "#": "\ue0f1" };
const LETTER = "[\\p{L}\\p{N}\\p{Co}\\p{So}\\p{Mn}\\p{Mc}]";
const WORD = new RegExp(`(?=[${ALONE}])${LETTER}|(?:(?![${ALONE}])${LETTER})+`, "gu");
const LEFT = /[\u0300-\u0331]/g;

export class Folding {
  /** `folds` are the folded forms of the characters that have others than themselves. */
  constructor(folds) {
    this.folds = new Map(folds);
  }

  fold(text) {
    if (/^[\x00-\x7f]*$/.test(text)) return text;
    const joined = text.normalize("NFC").replace(VOICED, (one) => one.normalize("NFKC"));
    return Array.from(joined, (one) => this.folds.get(one) ?? one).join("");
  }

  /** The words of a text that is folded already, in lower case. */
  words(folded) {
    return (signed(folded).match(WORD) ?? []).map((word) => this.word(word));
  }

  word(text) {
    const low = text.toLowerCase();
    return /[^\x00-\x7f]/.test(low) ? low.normalize("NFD").replace(LEFT, "").normalize("NFC") : low;
  }

  /** The words of a text as written, each folded and with its place. */
  places(text) {
    const found = [];
    for (const match of signed(text).matchAll(WORD)) {
      for (const word of this.words(this.fold(match[0]))) found.push({ word, start: match.index, end: match.index + match[0].length });
    }
    return found;
  }
}

/** A text in which the signs of `C++` and `C#` are letters. */
const signed = (text) => text.replace(SIGNS, (match) => Array.from(match, (one) => SIGN_LETTERS[one]).join(""));
