import { button, h, icon } from "./dom";
import type { Texts } from "./texts";

export class Launcher {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  private readonly dot = h("span", { class: "dot", hidden: true });
  private bubble: HTMLElement | null = null;
  private timer = 0;
  private isDismissed = false;

  constructor(
    private readonly texts: Texts,
    private readonly onToggle: () => void,
    panelId: string,
  ) {
    this.button = button({ class: "launcher", "aria-expanded": "false", "aria-controls": panelId, "aria-haspopup": "dialog" },
      onToggle, icon("chat"), icon("down"), this.dot);
    this.element = h("div", { class: "corner" }, this.button);
    this.opened(false);
  }

  opened(isOpen: boolean): void {
    this.button.setAttribute("aria-expanded", String(isOpen));
    this.button.setAttribute("aria-label", this.texts.get(isOpen ? "close_chat" : "open_chat"));
    if (isOpen) {
      this.dot.hidden = true;
      this.dismiss();
    }
  }

  unread(): void {
    this.dot.hidden = false;
  }

  greet(text: string, delayMs: number): void {
    this.timer = window.setTimeout(() => {
      if (this.isDismissed) return;
      const open = button({ class: "greeting-text", dir: "auto" }, this.onToggle, text);
      const close = button({ class: "greeting-close", "aria-label": this.texts.get("close_greeting") }, () => {
        this.dismiss();
        this.button.focus();
      }, icon("close"));
      this.bubble = h("div", { class: "greeting" }, open, close);
      this.element.prepend(this.bubble);
    }, delayMs);
  }

  /** Not again on this page. */
  dismiss(): void {
    this.isDismissed = true;
    clearTimeout(this.timer);
    this.bubble?.remove();
    this.bubble = null;
  }
}
