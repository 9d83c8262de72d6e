/** What is shown of one message. */
import type { Source } from "./chat";
import type { Config } from "./config";
import { button, h, icon, link, safeUrl } from "./dom";
import { markdown } from "./markdown";
import type { Shown } from "./store";
import type { Texts } from "./texts";

export type Rating = "THUMBS_UP" | "THUMBS_DOWN";

export interface Looks {
  config: Config;
  texts: Texts;
  /** whether it was saved */
  rate(id: string, rating: Rating, comment?: string): Promise<boolean>;
  /** has grown, and should be in sight */
  reveal(element: Element): void;
}

let count = 0;
const nextId = () => `part-${++count}`;

export function userBubble(texts: Texts, text: string): HTMLElement {
  const bubble = h("div", { class: "bubble", dir: "auto" }, text);
  return h("div", { class: "message user" }, h("span", { class: "unseen" }, texts.get("you_said")), bubble);
}

export class AnswerView {
  readonly element: HTMLElement;
  private readonly bubble = h("div", { class: "bubble prose", dir: "auto" });
  private readonly status = h("div", { class: "status", hidden: true });
  private frame = 0;
  private text = "";

  constructor(
    private readonly looks: Looks,
    private readonly onGrown: () => void,
  ) {
    const said = looks.texts.get("they_said", { name: looks.config.name });
    this.element = h("div", { class: "message assistant" }, h("span", { class: "unseen" }, said), this.bubble, this.status);
    this.waiting();
  }

  /** Painted once a frame, however many tokens come. */
  stream(text: string): void {
    this.text = text;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  lost(isLost: boolean): void {
    this.status.hidden = !isLost;
    this.status.textContent = isLost ? this.looks.texts.get("reconnecting") : "";
  }

  finish(shown: Shown): void {
    this.text = shown.text;
    this.settle();
    const { config, texts } = this.looks;
    if (shown.notice) this.element.append(h("div", { class: "status", dir: "auto" }, shown.notice));
    if (shown.isStopped) {
      this.element.append(h("div", { class: "status" }, texts.get("stopped")));
      return;
    }
    const isSure = config.showConfidence && shown.answered !== false && typeof shown.confidence === "number";
    if (isSure) this.element.append(confidence(texts, shown.confidence as number));
    const sources = config.showSources ? (shown.sources ?? []) : [];
    const row = h("div", { class: "row", "aria-live": "off" });
    const below: Node[] = [];
    if (sources.length) below.push(addSources(row, sources, this.looks));
    if (config.feedback && shown.id) below.push(addFeedback(row, shown, this.looks));
    if (row.firstChild) this.element.append(row, ...below);
    this.onGrown();
  }

  /** No more is coming: the text as it is. */
  settle(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.lost(false);
    this.paint();
    this.bubble.hidden = !this.text;
  }

  private waiting(): void {
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.bubble.replaceChildren(dots, h("span", { class: "unseen" }, this.looks.texts.get("writing")));
  }

  private paint(): void {
    if (this.text) this.bubble.replaceChildren(markdown(this.text, blocks(this.looks.texts)));
    else this.waiting();
    this.onGrown();
  }
}

function blocks(texts: Texts) {
  return {
    code(text: string): Node {
      const label = h("span", {}, texts.get("copy"));
      const copy = button({ class: "copy" }, () => void copied(text, label, texts), label);
      const pre = h("pre", { tabindex: "0", role: "group", "aria-label": texts.get("code"), dir: "ltr" }, h("code", {}, text));
      return h("div", { class: "codeblock" }, pre, copy);
    },
    table(table: HTMLTableElement): Node {
      return h("div", { class: "wide", tabindex: "0", role: "group", "aria-label": texts.get("table") }, table);
    },
  };
}

async function copied(text: string, label: HTMLElement, texts: Texts): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return; // not allowed here; the text can still be marked by hand
  }
  label.textContent = texts.get("copied");
}

function confidence(texts: Texts, value: number): HTMLElement {
  const level = value >= 0.8 ? "sure" : value >= 0.5 ? "likely" : "check";
  return h("div", { class: `confidence ${level}` }, h("span", { class: "mark", "aria-hidden": "true" }), texts.get(level));
}

function addSources(row: HTMLElement, sources: Source[], { texts, reveal }: Looks): Node {
  const id = nextId();
  const list = h("ol", { id, class: "sources", "aria-live": "off", hidden: true }, ...sources.map((one) => sourceItem(one, texts)));
  const opener = button({ class: "chip", "aria-expanded": "false", "aria-controls": id }, () => {
    list.hidden = !list.hidden;
    opener.setAttribute("aria-expanded", String(!list.hidden));
    reveal(list);
  }, icon("book"), texts.count("sources", sources.length));
  row.append(opener);
  return list;
}

function sourceItem(source: Source, texts: Texts): HTMLElement {
  const href = safeUrl(source.url, "http:", "https:");
  const title = source.title || texts.get("open_source");
  const named = href
    ? link(href, { class: "title" }, h("bdi", {}, title), h("span", { class: "unseen" }, ` ${texts.get("new_tab")}`))
    : h("span", { class: "title" }, h("bdi", {}, title));
  const page = source.page === null ? null : h("span", { class: "page" }, texts.get("page", { n: String(source.page) }));
  const quote = source.quote ? h("blockquote", { dir: "auto" }, source.quote) : null;
  return h("li", {}, h("div", { class: "head" }, named, page), quote);
}

function addFeedback(row: HTMLElement, shown: Shown, looks: Looks): Node {
  const { texts } = looks;
  const below = h("div", { class: "comment", "aria-live": "off", hidden: true });
  const said = h("div", { class: "status" });
  const thumbs: [Rating, HTMLButtonElement][] = [];
  const press = () => thumbs.forEach(([rating, one]) => one.setAttribute("aria-pressed", String(shown.rating === rating)));
  const send = async (rating: Rating, comment?: string): Promise<boolean> => {
    const before = shown.rating;
    shown.rating = rating;
    press();
    const isSaved = await looks.rate(shown.id, rating, comment);
    if (!isSaved) shown.rating = before;
    press();
    said.textContent = texts.get(isSaved ? "thanks" : "feedback_failed");
    looks.reveal(said);
    return isSaved;
  };
  const thumb = (rating: Rating, label: string, shape: "up" | "thumbDown") => {
    const one = button({ class: "thumb", "aria-pressed": "false", "aria-label": label, title: label }, () => {
      if (shown.rating === rating) return;
      void send(rating);
      below.replaceChildren(...(rating === "THUMBS_DOWN" ? [commentForm(texts, (text) => send(rating, text), below)] : []));
      below.hidden = rating !== "THUMBS_DOWN";
      looks.reveal(below);
    }, icon(shape));
    thumbs.push([rating, one]);
    return one;
  };
  row.append(
    h("span", { class: "thumbs", role: "group", "aria-label": texts.get("was_it_helpful") },
      thumb("THUMBS_UP", texts.get("thumb_up"), "up"), thumb("THUMBS_DOWN", texts.get("thumb_down"), "thumbDown")),
  );
  press();
  return h("div", { class: "after" }, below, said);
}

function commentForm(texts: Texts, send: (text: string) => Promise<boolean>, place: HTMLElement): HTMLElement {
  const id = nextId();
  const area = h("textarea", { id, rows: "2", maxlength: "2000", dir: "auto" });
  const submit = h("button", { type: "submit", class: "small" }, texts.get("send_comment"));
  const form = h("form", {}, h("label", { for: id }, texts.get("comment")), area, submit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = area.value.trim();
    if (!text) return area.focus();
    submit.disabled = true;
    void send(text).then((isSaved) => {
      submit.disabled = false;
      place.hidden = isSaved;
    });
  });
  return form;
}
