/** One agent's chat on a page: what is shown, asked and kept, and how these go together. */
import type { AnswerView, Rating } from "./answer";
import { failureFrom, type Api, type Failure } from "./api";
import { Question, type Answer, type Outcome } from "./chat";
import { object, type Config, type Json, type Options } from "./config";
import type { Events } from "./events";
import { Frame } from "./frame";
import type { Wish } from "./handover";
import { randomId } from "./ids";
import { Launcher } from "./launcher";
import { Panel } from "./panel";
import { Store, type Shown } from "./store";
import type { Texts } from "./texts";

const USED_UP = ["QUOTA_EXCEEDED", "DAILY_LIMIT"]; // of the workspace, or of the key: nobody here can do anything about it
const SOON_S = 120; // longer than anybody counts the seconds

export class Widget {
  private readonly frame: Frame;
  private readonly panel: Panel;
  private readonly launcher: Launcher;
  private readonly store: Store;
  private question: Question | null = null;
  private isOpen = false;
  private readonly fit = () => this.fitKeyboard();

  constructor(
    private readonly options: Options,
    private readonly config: Config,
    private readonly texts: Texts,
    private readonly api: Api,
    private readonly events: Events,
  ) {
    this.store = new Store(options.agentId);
    this.frame = new Frame(config, texts, options.nonce);
    this.panel = new Panel({
      config,
      texts,
      send: (text) => this.send(text),
      stop: () => this.question?.stop(),
      close: () => this.close(),
      forget: () => this.clearHistory(),
      rate: (id, rating, comment) => this.rate(id, rating, comment),
      escalate: (wish) => this.escalate(wish),
    });
    this.launcher = new Launcher(texts, () => this.toggle(), this.panel.id);
    this.frame.root.append(this.panel.element, this.launcher.element);
    this.frame.onResize(() => {
      this.panel.modal(this.frame.isFull);
      this.fitKeyboard();
    });
    window.visualViewport?.addEventListener("resize", this.fit);
    window.visualViewport?.addEventListener("scroll", this.fit);
  }

  show(target: Element): void {
    target.append(this.frame.host);
    if (this.store.shown.length) this.restore();
    else if (this.config.greeting !== null) this.launcher.greet(this.config.greeting || this.texts.get("greeting"), this.config.greetingDelay);
  }

  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    if (!this.frame.host.isConnected) document.body.append(this.frame.host); // pages that change their body as they go
    const { activeElement, body } = document;
    const isFree = !activeElement || activeElement === body || activeElement === this.frame.host;
    this.panel.shown(true, this.frame.isFull);
    this.launcher.opened(true);
    this.fitKeyboard();
    if (isFree) this.panel.focus(this.frame.isFull); // whoever writes somewhere else goes on there
    this.events.emit("open", {});
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const hadFocus = document.activeElement === this.frame.host;
    this.panel.shown(false, this.frame.isFull);
    this.launcher.opened(false);
    if (hadFocus) this.launcher.button.focus();
    this.events.emit("close", {});
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  send(text: string): boolean {
    if (this.question) {
      console.warn("Insydr chat: a message is being answered, this one was not sent");
      return false;
    }
    this.launcher.dismiss();
    this.store.begin();
    const shown: Shown = { role: "user", id: randomId(), text, isPending: true };
    this.store.add(shown);
    this.panel.addUser(text);
    this.events.emit("message", { role: "user", text, id: shown.id });
    void this.ask(shown);
    return true;
  }

  clearHistory(): void {
    const asked = this.question;
    this.question = null; // what still comes of it belongs to no chat
    asked?.stop();
    this.panel.streaming(false);
    this.store.clear();
    this.panel.reset();
    this.panel.addNote(this.texts.get("deleted"));
  }

  destroy(): void {
    const asked = this.question;
    this.question = null;
    asked?.stop();
    this.launcher.dismiss();
    window.visualViewport?.removeEventListener("resize", this.fit);
    window.visualViewport?.removeEventListener("scroll", this.fit);
    this.frame.destroy();
  }

  /** The chat of before the page was loaded again; a question that was being answered is asked on. */
  private restore(): void {
    for (const one of this.store.shown) {
      if (one.role === "user") this.panel.addUser(one.text);
      else this.panel.addAnswered(this.panel.addAnswer(), one);
    }
    const last = this.store.shown[this.store.shown.length - 1];
    if (last?.role === "user" && last.isPending) void this.ask(last);
  }

  private async ask(asked: Shown): Promise<void> {
    const view = this.panel.addAnswer();
    const question = new Question(this.api, this.body(asked), {
      onText: (text) => view.stream(text),
      onLost: (isLost) => view.lost(isLost),
    });
    this.question = question;
    this.panel.streaming(true);
    const outcome = await question.ask();
    if (this.question !== question) return;
    this.question = null;
    this.panel.streaming(false);
    asked.isPending = outcome.kind === "failed" ? undefined : false;
    this.end(asked, view, outcome);
    this.store.save();
    if (!this.isOpen) this.launcher.unread();
  }

  private body(asked: Shown): Json {
    return {
      agent_id: this.options.agentId,
      session_id: this.store.sessionId,
      client_message_id: asked.id,
      ...this.visitor(),
      message: asked.text,
      metadata: this.metadata(),
    };
  }

  private visitor(): Json {
    const id = this.options.visitorId || this.store.visitorId;
    return id ? { visitor_id: String(id) } : {};
  }

  /** Without the address's query and fragment: pages put secrets there. */
  private metadata(): Json {
    return { page_url: location.origin + location.pathname, user_agent: navigator.userAgent, ...object(this.options.metadata) };
  }

  private end(asked: Shown, view: AnswerView, outcome: Outcome): void {
    if (outcome.kind === "failed") {
      view.settle();
      view.element.remove();
      this.panel.addNote(this.wordsFor(outcome.failure), () => void this.ask(asked));
      if (USED_UP.includes(outcome.failure.code) && this.config.offerEscalation) this.panel.addOffer();
      const { code, status, detail, retryAfter } = outcome.failure;
      this.events.emit("error", { code, status, message: detail, retryAfter });
    } else if (outcome.kind === "stopped" && !outcome.answer.text) {
      view.settle();
      view.element.remove();
      this.panel.addNote(this.texts.get("stopped"));
    } else this.answered(view, outcome.answer, outcome.kind === "stopped");
  }

  private answered(view: AnswerView, answer: Answer, isStopped: boolean): void {
    const { id, text, sources, confidence, answered, notice } = answer;
    const shown: Shown = { role: "assistant", id, text, sources, confidence, answered, notice, isStopped };
    this.store.add(shown);
    this.panel.addAnswered(view, shown);
    this.events.emit("message", { role: "assistant", text, id });
    if (isStopped) return;
    if (answer.offerEscalation && this.config.offerEscalation) this.panel.addOffer();
    this.events.emit("answer", { id, text, sources: answer.rawSources, confidence, answered });
  }

  private wordsFor(failure: Failure): string {
    const { texts } = this;
    const isSoon = failure.retryAfter !== null && failure.retryAfter <= SOON_S;
    const when = isSoon ? texts.count("try_in", failure.retryAfter ?? 1) : texts.get("try_later");
    if (failure.code === "AGENT_PAUSED") return texts.get("paused");
    if (USED_UP.includes(failure.code)) return texts.get("used_up");
    if (failure.status === 429) return `${texts.get("too_many")} ${when}`;
    if (failure.status === 503) return `${texts.get("busy")} ${when}`;
    if (failure.code === "CONNECTION_LOST") return texts.get("lost");
    if ([401, 403, 404, 409].includes(failure.status)) return texts.get("unavailable");
    if ([400, 413, 422].includes(failure.status)) return texts.get("refused");
    return texts.get("failed");
  }

  private async rate(messageId: string, rating: Rating, comment?: string): Promise<boolean> {
    try {
      await this.api.json("POST", "feedback", { message_id: messageId, feedback_type: rating, ...(comment ? { comment } : {}) });
    } catch (error) {
      this.failed(error);
      return false;
    }
    const rated = this.store.shown.find((one) => one.id === messageId);
    if (rated) {
      rated.rating = rating;
      this.store.save();
    }
    this.events.emit("feedback", { messageId, type: rating, comment: comment ?? null });
    return true;
  }

  private async escalate(wish: Wish): Promise<boolean> {
    const { email, name, message } = wish;
    const session = this.store.sessionId;
    const body = {
      agent_id: this.options.agentId,
      email,
      ...(session ? { session_id: session } : {}),
      ...(name ? { name } : {}),
      ...(message ? { message } : {}),
      ...this.visitor(),
      metadata: this.metadata(),
    };
    try {
      const said = await this.api.json("POST", "escalate", body);
      this.events.emit("escalate", { id: said["id"], email, sessionId: session || null });
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  private failed(error: unknown): void {
    const { code, status, detail, retryAfter } = failureFrom(error);
    this.events.emit("error", { code, status, message: detail, retryAfter });
  }

  /** In full screen the panel is what the keyboard leaves free; a page that is zoomed by fingers stays as it is. */
  private fitKeyboard(): void {
    const view = window.visualViewport;
    const { style } = this.panel.element;
    const isFitted = view && this.frame.isFull && this.isOpen && Math.abs(view.scale - 1) < 0.01;
    if (isFitted) {
      style.setProperty("height", `${view.height}px`);
      style.setProperty("top", `${view.offsetTop}px`);
    } else {
      style.removeProperty("height");
      style.removeProperty("top");
    }
  }
}
