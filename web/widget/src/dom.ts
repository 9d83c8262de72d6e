/** Elements are built, never parsed: a text can only become a text node. */
export type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | boolean | null | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

export function button(attributes: Attributes, onClick: () => void, ...children: Child[]): HTMLButtonElement {
  const element = h("button", { type: "button", ...attributes }, ...children);
  element.addEventListener("click", onClick);
  return element;
}

const SHAPES = {
  chat: "M12 3.5c5 0 9 3.4 9 7.8s-4 7.8-9 7.8c-1 0-2-.1-2.9-.4L4.5 20.5l1-3.6C3.9 15.5 3 13.5 3 11.3 3 6.9 7 3.5 12 3.5ZM8.2 11.3h.01M12 11.3h.01M15.8 11.3h.01",
  down: "m6 9.5 6 6 6-6",
  close: "m6 6 12 12M18 6 6 18",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8z",
  up: "M7 11v9M11.5 4.5 7 11v9h9.7c1 0 1.8-.7 2-1.6l1.2-5.6a2 2 0 0 0-2-2.5H13.5l.6-3.7a2 2 0 0 0-2.6-2.1ZM3.5 11H7v9H3.5z",
  thumbDown: "M17 13V4M12.5 19.5 17 13V4H7.3c-1 0-1.8.7-2 1.6l-1.2 5.6a2 2 0 0 0 2 2.5h4.4l-.6 3.7a2 2 0 0 0 2.6 2.1ZM20.5 13H17V4h3.5z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20c.8-3.5 3.8-5.5 7.5-5.5s6.7 2 7.5 5.5",
  trash: "M4.5 7h15M10 7V4.5h4V7M6.5 7l.8 12.5h9.4L17.5 7M10 11v5M14 11v5",
  book: "M5 5.5C5 4.7 5.7 4 6.5 4H19v13H6.5C5.7 17 5 17.7 5 18.5m0-13v13m0 0c0 .8.7 1.5 1.5 1.5H19v-3",
  spark: "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8L12 4Z",
};
export type Shape = keyof typeof SHAPES;

export function icon(shape: Shape): SVGSVGElement {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  svg.setAttribute("class", `icon icon-${shape}`);
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", SHAPES[shape]);
  svg.append(path);
  return svg;
}

/** The address in its normal form where its scheme is one of these, else null. */
export function safeUrl(value: unknown, ...schemes: string[]): string | null {
  if (typeof value !== "string") return null;
  try {
    const url = new URL(value);
    return schemes.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(href: string, attributes: Attributes, ...children: Child[]): HTMLAnchorElement {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", ...attributes }, ...children);
}
