/** The tab's own memory of the chat. Nothing is written before the visitor's first message. */
import type { Source } from "./chat";
import { object } from "./config";
import { randomId } from "./ids";

export interface Shown {
  role: "user" | "assistant";
  id: string;
  text: string;
  /** of the visitor's message: what a repetition of the request is known by */
  isPending?: boolean;
  sources?: Source[];
  confidence?: number | null;
  answered?: boolean;
  notice?: string | null;
  isStopped?: boolean;
  rating?: "THUMBS_UP" | "THUMBS_DOWN";
}

const MAX_SHOWN = 50;

export class Store {
  sessionId = "";
  visitorId: string | null = null;
  shown: Shown[] = [];
  private readonly key: string;

  constructor(agentId: string) {
    this.key = `insydr:${agentId}`;
    try {
      const kept = object(JSON.parse(sessionStorage.getItem(this.key) ?? "null"));
      if (typeof kept["session_id"] === "string" && Array.isArray(kept["messages"])) {
        this.sessionId = kept["session_id"];
        this.visitorId = typeof kept["visitor_id"] === "string" ? kept["visitor_id"] : null;
        this.shown = kept["messages"].filter(isShown);
      }
    } catch {
      // no storage, or not ours: a new chat
    }
  }

  /** With the visitor's first message. */
  begin(): void {
    if (this.sessionId) return;
    this.sessionId = randomId();
    const visitor = randomId();
    this.visitorId = visitor;
    if (!this.save()) this.visitorId = null;
  }

  add(one: Shown): void {
    this.shown.push(one);
    this.shown = this.shown.slice(-MAX_SHOWN);
    this.save();
  }

  save(): boolean {
    const kept = { session_id: this.sessionId, visitor_id: this.visitorId, messages: this.shown };
    try {
      sessionStorage.setItem(this.key, JSON.stringify(kept));
      return true;
    } catch {
      return false;
    }
  }

  clear(): void {
    this.sessionId = "";
    this.visitorId = null;
    this.shown = [];
    try {
      sessionStorage.removeItem(this.key);
    } catch {
      // nothing was kept either
    }
  }
}

function isShown(value: unknown): value is Shown {
  const one = object(value);
  return (one["role"] === "user" || one["role"] === "assistant") && typeof one["text"] === "string" && typeof one["id"] === "string";
}
