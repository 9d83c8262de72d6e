/** The form that asks for a person. */
import { button, h } from "./dom";
import type { Texts } from "./texts";

export interface Wish {
  email: string;
  name: string;
  message: string;
}

export class Handover {
  readonly element: HTMLFormElement;
  private readonly email = h("input", {
    id: "email", type: "email", required: true, autocomplete: "email", maxlength: "254", dir: "ltr", "aria-describedby": "email-error",
  });
  private readonly name = h("input", { id: "name", type: "text", autocomplete: "name", maxlength: "200", dir: "auto" });
  private readonly message = h("textarea", { id: "message", rows: "4", maxlength: "4000", dir: "auto" });
  private readonly wrong = h("div", { id: "email-error", class: "wrong" });
  private readonly failed = h("div", { class: "wrong", id: "not-sent" });
  private readonly submit: HTMLButtonElement;

  constructor(
    private readonly texts: Texts,
    private readonly send: (wish: Wish) => Promise<boolean>,
    back: () => void,
  ) {
    const field = (label: string, input: HTMLElement, ...more: Node[]) =>
      h("div", { class: "field" }, h("label", { for: input.id }, label), input, ...more);
    this.submit = h("button", { type: "submit", class: "wide-button", "aria-describedby": "not-sent" }, texts.get("escalate_send"));
    this.element = h("form", { class: "handover", novalidate: true, hidden: true, "aria-labelledby": "handover-title" },
      h("h2", { id: "handover-title" }, texts.get("talk_to_human")),
      h("p", {}, texts.get("escalate_intro")),
      field(texts.get("email"), this.email, this.wrong),
      field(texts.get("name"), this.name),
      field(texts.get("your_message"), this.message),
      this.failed,
      this.submit,
      button({ class: "plain" }, back, texts.get("cancel")),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submitted();
    });
    this.email.addEventListener("input", () => this.email.validity.valid && this.validate());
  }

  show(isShown: boolean): void {
    this.element.hidden = !isShown;
    if (isShown) this.email.focus();
  }

  clear(): void {
    this.element.reset();
    this.failed.textContent = this.wrong.textContent = "";
    this.email.removeAttribute("aria-invalid");
  }

  private validate(): boolean {
    const isValid = this.email.validity.valid;
    this.wrong.textContent = isValid ? "" : this.texts.get("email_invalid");
    if (isValid) this.email.removeAttribute("aria-invalid");
    else this.email.setAttribute("aria-invalid", "true");
    return isValid;
  }

  private async submitted(): Promise<void> {
    if (!this.validate()) return this.email.focus();
    this.failed.textContent = "";
    this.submit.disabled = true;
    this.submit.textContent = this.texts.get("sending");
    const wish = { email: this.email.value.trim(), name: this.name.value.trim(), message: this.message.value.trim() };
    const isSent = await this.send(wish);
    this.submit.disabled = false;
    this.submit.textContent = this.texts.get("escalate_send");
    if (isSent) return this.clear();
    this.failed.textContent = this.texts.get("escalate_failed");
    this.submit.focus(); // with which it is read out
  }
}
