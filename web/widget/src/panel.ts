/** The window of the chat: header, messages, composer, menu. */
import { AnswerView, userBubble, type Looks } from "./answer";
import { button, h, icon } from "./dom";
import { Handover, type Wish } from "./handover";
import type { Shown } from "./store";

export interface Actions extends Omit<Looks, "reveal"> {
  send(text: string): boolean;
  stop(): void;
  close(): void;
  forget(): void;
  escalate(wish: Wish): Promise<boolean>;
}

const NEAR_END_PX = 90;
const MAX_COMPOSER_PX = 132;

export class Panel {
  readonly element: HTMLElement;
  readonly id = "panel";
  /** The one live region: an answer comes into it when it is whole, and is read out then, once. */
  private readonly list = h("div", { class: "list", role: "log", "aria-live": "polite" });
  private readonly pending = h("div", { class: "list pending" });
  private readonly welcome = h("div", { class: "welcome" });
  private readonly scroller: HTMLElement;
  private readonly input: HTMLTextAreaElement;
  private readonly sendButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private readonly menuButton: HTMLButtonElement;
  private readonly closeButton: HTMLButtonElement;
  private readonly menu: HTMLElement;
  private readonly talk: HTMLElement;
  private readonly handover: Handover;
  private readonly looks: Looks;
  private isAtEnd = true;

  constructor(private readonly actions: Actions) {
    const { texts, config } = actions;
    this.looks = { ...actions, reveal: (element) => this.reveal(element) };
    this.input = h("textarea", { rows: "1", maxlength: "4000", dir: texts.direction, "aria-label": texts.get("write"), placeholder: texts.get("placeholder") });
    this.sendButton = h("button", { type: "submit", class: "round send", "aria-label": texts.get("send"), title: texts.get("send") }, icon("send"));
    this.stopButton = button({ class: "round stop", "aria-label": texts.get("stop"), title: texts.get("stop"), hidden: true },
      () => actions.stop(), icon("stop"));
    this.menu = h("div", { class: "menu", id: "menu", hidden: true },
      this.entry("person", texts.get("talk_to_human"), () => this.showHandover(true)),
      this.entry("trash", texts.get("delete_chat"), () => (actions.forget(), this.input.focus())));
    this.menuButton = button({ class: "tool", "aria-label": texts.get("menu"), "aria-expanded": "false", "aria-controls": "menu" },
      () => this.showMenu(!!this.menu.hidden), icon("more"));
    this.closeButton = button({ class: "tool", "aria-label": texts.get("close_chat") }, () => actions.close(), icon("close"));
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": texts.get("messages") }, this.welcome, this.list, this.pending);
    this.handover = new Handover(texts, (wish) => this.escalated(wish), () => this.showHandover(false));
    this.talk = h("div", { class: "talk" }, this.scroller, this.footer());
    this.element = h("div", { class: "panel", id: this.id, role: "dialog", "aria-labelledby": "agent", hidden: true, tabindex: "-1" },
      this.header(), this.menu, this.talk, this.handover.element,
      config.poweredBy && h("div", { class: "powered" }, texts.get("powered_by")));
    this.listen();
    this.reset();
  }

  addUser(text: string): void {
    this.welcome.querySelector(".suggestions")?.remove();
    this.append(userBubble(this.actions.texts, text));
  }

  addAnswer(): AnswerView {
    const view = new AnswerView(this.looks, () => this.follow());
    this.pending.append(view.element);
    this.toEnd();
    return view;
  }

  addAnswered(view: AnswerView, shown: Shown): void {
    view.finish(shown);
    this.list.append(view.element);
    this.follow();
  }

  /** What is neither the visitor's nor the agent's: errors, confirmations. */
  addNote(text: string, retry?: () => void): void {
    const note = h("div", { class: retry ? "note failed" : "note", dir: "auto" }, h("span", {}, text));
    if (retry) {
      const again = () => {
        note.remove();
        this.input.focus();
        retry();
      };
      note.append(button({ class: "small" }, again, this.actions.texts.get("try_again")));
    }
    this.append(note);
  }

  addOffer(): void {
    const offer = button({ class: "chip offer" }, () => this.showHandover(true), icon("person"), this.actions.texts.get("talk_to_human"));
    this.append(h("div", { class: "row" }, offer));
  }

  streaming(isStreaming: boolean): void {
    const hadFocus = this.stopButton.matches(":focus");
    this.sendButton.disabled = isStreaming;
    this.stopButton.hidden = !isStreaming;
    if (hadFocus && !isStreaming) this.input.focus();
  }

  /** As before the first message. */
  reset(): void {
    const { config, texts } = this.actions;
    this.list.replaceChildren();
    this.pending.replaceChildren();
    this.welcome.replaceChildren();
    if (config.greeting !== null) {
      const greeting = h("div", { class: "bubble", dir: "auto" }, config.greeting || texts.get("greeting"));
      this.welcome.append(h("div", { class: "message assistant" }, greeting));
    }
    if (config.questions.length) {
      const questions = config.questions.map((one) => button({ class: "suggestion", dir: "auto" }, () => this.suggested(one), one));
      this.welcome.append(h("div", { class: "suggestions", role: "group", "aria-label": texts.get("suggestions") }, ...questions));
    }
    if (config.paused) this.append(h("div", { class: "note" }, texts.get("paused")));
  }

  shown(isOpen: boolean, isFull: boolean): void {
    this.element.hidden = !isOpen;
    this.modal(isFull);
    if (isOpen) this.toEnd();
    else this.showMenu(false);
  }

  modal(isFull: boolean): void {
    if (isFull) this.element.setAttribute("aria-modal", "true");
    else this.element.removeAttribute("aria-modal");
  }

  /** A phone's keyboard would cover half of what there is to see: there the close button is first. */
  focus(isFull: boolean): void {
    if (!this.handover.element.hidden) this.handover.element.querySelector("input")?.focus();
    else (isFull ? this.closeButton : this.input).focus();
  }

  private header(): HTMLElement {
    const { config, texts } = this.actions;
    const avatar = h("span", { class: "avatar", "aria-hidden": "true" }, icon("spark"));
    if (config.avatar) {
      const image = h("img", { alt: "", referrerpolicy: "no-referrer", src: config.avatar });
      image.addEventListener("load", () => avatar.replaceChildren(image));
    }
    const names = h("div", { class: "names" }, h("h2", { id: "agent", dir: "auto" }, config.name), h("div", { class: "subtitle" }, texts.get("subtitle")));
    return h("div", { class: "header" }, avatar, names, this.menuButton, this.closeButton);
  }

  private footer(): HTMLElement {
    const { config, texts } = this.actions;
    const composer = h("form", { class: "composer" }, this.input, this.stopButton, this.sendButton);
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    return h("div", { class: "footer" }, config.machineNotice && h("p", { class: "machine" }, texts.get("machine_notice")), composer);
  }

  private entry(shape: "person" | "trash", label: string, act: () => void): HTMLElement {
    return button({ class: "entry" }, () => {
      this.showMenu(false);
      act();
    }, icon(shape), label);
  }

  private listen(): void {
    this.scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.scroller;
      this.isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    }, { passive: true });
    this.input.addEventListener("input", () => this.fit());
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    this.element.addEventListener("click", (event) => {
      const at = event.composedPath();
      if (!at.includes(this.menu) && !at.includes(this.menuButton)) this.showMenu(false);
    });
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      if (this.menu.hidden) return this.actions.close();
      this.showMenu(false);
      this.menuButton.focus();
    } else if (event.key === "Tab" && this.element.hasAttribute("aria-modal")) this.keepFocus(event);
  }

  private keepFocus(event: KeyboardEvent): void {
    const all = [...this.element.querySelectorAll<HTMLElement>("a[href],button:not(:disabled),input,textarea,[tabindex='0']")];
    const seen = all.filter((one) => one.getClientRects().length > 0);
    const [first, last] = [seen[0], seen[seen.length - 1]];
    const at = (this.element.getRootNode() as ShadowRoot).activeElement;
    const isLeaving = event.shiftKey ? at === first || at === this.element : at === last;
    if (!isLeaving) return;
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }

  private submit(): void {
    const text = this.input.value.trim();
    if (!text || this.sendButton.disabled || !this.actions.send(text)) return;
    this.input.value = "";
    this.fit();
  }

  private suggested(text: string): void {
    if (this.actions.send(text)) this.input.focus();
  }

  private fit(): void {
    this.input.dir = this.input.value ? "auto" : this.actions.texts.direction; // an empty one goes with its placeholder
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(MAX_COMPOSER_PX, this.input.scrollHeight)}px`;
  }

  private showMenu(isShown: boolean): void {
    this.menu.hidden = !isShown;
    this.menuButton.setAttribute("aria-expanded", String(isShown));
    if (isShown) this.menu.querySelector("button")?.focus();
  }

  private showHandover(isShown: boolean): void {
    this.talk.hidden = isShown;
    this.handover.show(isShown);
    if (!isShown) this.input.focus();
  }

  private async escalated(wish: Wish): Promise<boolean> {
    const isSent = await this.actions.escalate(wish);
    if (isSent) {
      this.showHandover(false);
      this.addNote(this.actions.texts.get("escalated", { email: wish.email }));
    }
    return isSent;
  }

  /** Scrolls by hand: `scrollIntoView` may move the page, too. */
  private reveal(element: Element): void {
    const [part, view] = [element.getBoundingClientRect(), this.scroller.getBoundingClientRect()];
    const below = part.bottom + 14 - view.bottom;
    if (below > 0) this.scroller.scrollTop += Math.min(below, part.top - view.top - 56);
  }

  /** Whoever has scrolled up to read stays there. */
  private follow(): void {
    if (this.isAtEnd) this.toEnd();
  }

  private append(element: HTMLElement): void {
    this.list.append(element);
    this.toEnd();
  }

  private toEnd(): void {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }
}
