/** A small part of Markdown as DOM nodes; whatever is not part of it stays text. */
import { h, link, safeUrl } from "./dom";

export interface Blocks {
  code(text: string): Node;
  table(table: HTMLTableElement): Node;
}

const FENCE = /^ {0,3}(```+|~~~+)/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)]) +(.*)$/;
const DIVIDER = /^\|? *:?-+:? *(\| *:?-+:? *)*\|?$/;
const MAX_DEPTH = 6;
const MAX_LABEL = 500;
const MAX_URL = 2000;

export function markdown(text: string, blocks: Blocks): DocumentFragment {
  const result = document.createDocumentFragment();
  addBlocks(result, text.replace(/\r\n?/g, "\n").split("\n"), blocks, 0);
  return result;
}

function addBlocks(into: Node, lines: string[], blocks: Blocks, depth: number): void {
  let at = 0;
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length) into.appendChild(h("p", {}, inline(paragraph.join("\n").trim())));
    paragraph = [];
  };
  while (at < lines.length) {
    const line = lines[at] as string;
    const fence = FENCE.exec(line);
    const item = depth < MAX_DEPTH ? ITEM.exec(line) : null;
    const next = lines[at + 1];
    if (fence) {
      flush();
      at = addCode(into, lines, at, fence[1] as string, blocks);
    } else if (item && (paragraph.length === 0 || canInterrupt(item))) {
      flush();
      at = addList(into, lines, at, blocks, depth);
    } else if (line.includes("|") && next?.includes("|") && next.includes("-") && DIVIDER.test(next.trim())) {
      flush();
      at = addTable(into, lines, at, blocks);
    } else {
      if (line.trim()) paragraph.push(line);
      else flush();
      at++;
    }
  }
  flush();
}

/** "In\n1984. It was" is no list: only a bullet or a 1 ends a paragraph, as in CommonMark. */
function canInterrupt(item: RegExpExecArray): boolean {
  return !/\d/.test(item[2] as string) || parseInt(item[2] as string, 10) === 1;
}

function addCode(into: Node, lines: string[], from: number, mark: string, blocks: Blocks): number {
  const end = lines.findIndex((one, at) => at > from && one.trim().startsWith(mark) && !/[^`~]/.test(one.trim()));
  const to = end < 0 ? lines.length : end;
  into.appendChild(blocks.code(lines.slice(from + 1, to).join("\n")));
  return to + 1;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function addList(into: Node, lines: string[], from: number, blocks: Blocks, depth: number): number {
  const first = ITEM.exec(lines[from] as string) as RegExpExecArray;
  const indent = (first[1] as string).length;
  const isOrdered = /\d/.test(first[2] as string);
  const start = isOrdered ? parseInt(first[2] as string, 10) : 1;
  const list = isOrdered ? h("ol", start === 1 ? {} : { start: String(start) }) : h("ul");
  let at = from;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at] as string);
    if (!item || (item[1] as string).length !== indent || /\d/.test(item[2] as string) !== isOrdered) break;
    const inside = [item[3] as string];
    at++;
    while (at < lines.length && belongsToItem(lines, at, indent)) inside.push(outdented(lines[at++] as string, indent));
    while (at < lines.length && !(lines[at] as string).trim()) at++;
    const element = h("li");
    addBlocks(element, inside, blocks, depth + 1);
    list.append(element);
  }
  into.appendChild(list);
  return at;
}

function belongsToItem(lines: string[], at: number, indent: number): boolean {
  const line = lines[at] as string;
  if (line.trim()) return indentOf(line) > indent || (!!(lines[at - 1] as string).trim() && !ITEM.test(line) && !FENCE.test(line));
  const next = lines.slice(at, at + 3).find((one) => one.trim());
  return next !== undefined && indentOf(next) > indent;
}

function outdented(line: string, indent: number): string {
  return line.slice(Math.min(indentOf(line), indent + 2));
}

function addTable(into: Node, lines: string[], from: number, blocks: Blocks): number {
  const head = cells(lines[from] as string);
  const header = h("tr", {}, ...head.map((one) => h("th", { scope: "col" }, inline(one))));
  const body = h("tbody");
  let at = from + 2;
  for (; at < lines.length && (lines[at] as string).includes("|"); at++) {
    const row = cells(lines[at] as string);
    body.append(h("tr", {}, ...head.map((_, column) => h("td", {}, inline(row[column] ?? "")))));
  }
  into.appendChild(blocks.table(h("table", {}, h("thead", {}, header), body)));
  return at;
}

function cells(line: string): string[] {
  const row = line.trim().replace(/^\|/, "");
  const found: string[] = [];
  let cell = "";
  for (let at = 0; at < row.length; at++) {
    if (row[at] === "\\" && row[at + 1] === "|") cell += row[++at];
    else if (row[at] !== "|") cell += row[at];
    else {
      found.push(cell);
      cell = "";
    }
  }
  if (cell) found.push(cell);
  return found.map((one) => one.trim());
}

/** One pass from left to right; a mark that has no end is text, and is looked for once. */
export function inline(text: string, depth = 0, isInLink = false): DocumentFragment {
  const result = document.createDocumentFragment();
  const hopeless = new Set<string>(isInLink ? ["[", "h"] : []);
  let plain = "";
  let at = 0;
  const put = (node: Node) => {
    if (plain) result.append(plain);
    plain = "";
    result.append(node);
  };
  while (at < text.length) {
    const found = depth < MAX_DEPTH ? spanAt(text, at, depth, hopeless) : null;
    if (found) {
      if (typeof found.node === "string") plain += found.node;
      else put(found.node);
      at = found.end;
    } else if (text[at] === "\n") {
      put(h("br"));
      at++;
    } else plain += text[at++];
  }
  if (plain) result.append(plain);
  return result;
}

interface Span {
  node: Node | string;
  end: number;
}

function spanAt(text: string, at: number, depth: number, hopeless: Set<string>): Span | null {
  switch (text[at]) {
    case "\\":
      return /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "") ? { node: text[at + 1] as string, end: at + 2 } : null;
    case "`":
      return codeAt(text, at, hopeless);
    case "*":
    case "_":
      return emphasisAt(text, at, depth, hopeless);
    case "!":
      return text[at + 1] === "[" ? { node: "![", end: at + 2 } : null;
    case "[":
      return hopeless.has("[") ? null : linkAt(text, at, depth);
    case "h":
      return hopeless.has("h") ? null : addressAt(text, at);
    default:
      return null;
  }
}

function codeAt(text: string, at: number, hopeless: Set<string>): Span | null {
  let length = 1;
  while (text[at + length] === "`") length++;
  const mark = "`".repeat(length);
  let end = hopeless.has(mark) ? -1 : text.indexOf(mark, at + length);
  while (end >= 0 && text[end + length] === "`") {
    let after = end + length;
    while (text[after] === "`") after++;
    end = text.indexOf(mark, after);
  }
  if (end < 0) {
    hopeless.add(mark);
    return { node: mark, end: at + length };
  }
  return { node: h("code", {}, text.slice(at + length, end).replace(/^ (.+) $/, "$1")), end: end + length };
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char);
}

function emphasisAt(text: string, at: number, depth: number, hopeless: Set<string>): Span | null {
  const char = text[at] as string;
  const mark = text[at + 1] === char ? char + char : char;
  const inner = at + mark.length;
  if (hopeless.has(mark) || !/\S/.test(text[inner] ?? "") || (char === "_" && isWord(text[at - 1]))) {
    return { node: mark, end: inner };
  }
  for (let end = text.indexOf(mark, inner + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    const after = end + mark.length;
    if (mark.length === 1 && (text[end + 1] === char || text[end - 1] === char)) {
      while (text[end] === char) end++;
      continue;
    }
    if (!/\s/.test(text[end - 1] as string) && !(char === "_" && isWord(text[after])) && text[end - 1] !== "\\") {
      const wider = mark.length === 2 && text[after] === char ? 1 : 0; // ***both***
      const content = inline(text.slice(inner, end + wider), depth + 1, hopeless.has("["));
      return { node: h(mark.length === 2 ? "strong" : "em", {}, content), end: after + wider };
    }
  }
  hopeless.add(mark);
  return { node: mark, end: inner };
}

function linkAt(text: string, at: number, depth: number): Span | null {
  const near = text.slice(at + 1, at + MAX_LABEL);
  const close = near.indexOf("](");
  if (close < 1 || near.slice(0, close).includes("[")) return null;
  const from = at + 1 + close + 2;
  let open = 1;
  let end = from;
  for (; end < text.length && end - from < MAX_URL && text[end] !== "\n"; end++) {
    if (text[end] === "(") open++;
    else if (text[end] === ")" && --open === 0) break;
  }
  if (open || text[end] !== ")") return null;
  const target = text.slice(from, end).trim().replace(/\s+("[^"]*"|'[^']*')$/, "").replace(/^<(.*)>$/, "$1");
  const href = /\s/.test(target) ? null : safeUrl(target, "http:", "https:", "mailto:");
  if (!href) return { node: text.slice(at, end + 1), end: end + 1 };
  return { node: link(href, {}, inline(near.slice(0, close), depth + 1, true)), end: end + 1 };
}

function addressAt(text: string, at: number): Span | null {
  if (isWord(text[at - 1])) return null;
  const found = /^https?:\/\/[^\s<>"`|*]+/.exec(text.slice(at, at + MAX_URL));
  if (!found) return null;
  let address = found[0].replace(/[.,:;!?'_\]]+$/, "");
  if (address.endsWith(")") && !address.includes("(")) address = address.replace(/\)+[.,:;!?]*$/, "");
  const href = safeUrl(address, "http:", "https:");
  return href ? { node: link(href, {}, address), end: at + address.length } : null;
}
