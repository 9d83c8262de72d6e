/** One question and its streamed answer, over as many connections as it takes. */
import { ApiError, failureFrom, type Api, type Failure } from "./api";
import { object, type Json } from "./config";
import { prove } from "./proof";
import { SseParser, type SseEvent } from "./sse";

export interface Source {
  title: string;
  quote: string;
  url: string | null;
  page: number | string | null;
}

export interface Answer {
  id: string;
  text: string;
  sources: Source[];
  /** as the server sent them */
  rawSources: unknown[];
  confidence: number | null;
  answered: boolean;
  offerEscalation: boolean;
  notice: string | null;
}

export type Outcome =
  | { kind: "answer"; answer: Answer }
  | { kind: "failed"; failure: Failure }
  | { kind: "stopped"; answer: Answer };

const MAX_RETRIES = 5;
const MAX_FIRST_RETRIES = 1; // where nothing was ever heard, waiting long helps nobody
const SILENCE_MS = 45_000; // three comments missed
const PASSING = [502, 503, 504];

export interface Watcher {
  onText(text: string): void;
  onLost(isLost: boolean): void;
}

export class Question {
  private readonly answer: Answer = {
    id: "", text: "", sources: [], rawSources: [], confidence: null, answered: true, offerEscalation: false, notice: null,
  };
  private lastEventId = "";
  private seen = new Set<string>();
  private outcome: Outcome | null = null;
  private readonly stopper = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly body: Json,
    private readonly watcher: Watcher,
  ) {}

  stop(): void {
    this.stopper.abort();
  }

  async ask(): Promise<Outcome> {
    for (let retry = 0; ; retry++) {
      let lost: unknown = new Error("the stream ended early");
      try {
        await this.listen();
      } catch (error) {
        lost = error;
      }
      if (this.outcome) return this.outcome;
      if (this.stopper.signal.aborted) return { kind: "stopped", answer: this.answer };
      if (await this.proven(lost)) continue;
      const hasBegun = !!this.answer.id;
      const isFinal = lost instanceof ApiError && !(hasBegun && PASSING.includes(lost.failure.status));
      if (isFinal || retry >= (hasBegun ? MAX_RETRIES : MAX_FIRST_RETRIES)) return { kind: "failed", failure: failureFrom(lost) };
      this.watcher.onLost(true);
      await this.pause(500 * 2 ** retry);
      if (this.stopper.signal.aborted) return { kind: "stopped", answer: this.answer };
    }
  }

  /** Where the agent asks for a proof of work, once. */
  private async proven(lost: unknown): Promise<boolean> {
    if (!(lost instanceof ApiError) || lost.failure.code !== "PROOF_REQUIRED" || this.body["proof"]) return false;
    try {
      this.body["proof"] = await prove(this.api, String(this.body["agent_id"]));
      return true;
    } catch {
      return false;
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopper.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()));
    });
  }

  /** Until the stream has ended, however it does. */
  private async listen(): Promise<void> {
    const connection = new AbortController();
    const abort = () => connection.abort();
    this.stopper.signal.addEventListener("abort", abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const askedFrom = this.lastEventId;
      const response = await this.api.request("POST", "chat", this.body, { signal: connection.signal, lastEventId: askedFrom });
      const earlier = new Set(this.seen);
      const parser = new SseParser((event) => this.take(event, earlier, !!askedFrom));
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        parser.push(value);
        if (this.outcome) return abort();
      }
    } finally {
      clearTimeout(silence);
      this.stopper.signal.removeEventListener("abort", abort);
    }
  }

  private take(event: SseEvent, earlier: Set<string>, isResumed: boolean): void {
    if (this.outcome) return;
    let said: Json;
    try {
      said = object(JSON.parse(event.data));
    } catch {
      return;
    }
    this.watcher.onLost(false);
    this.lastEventId = event.id;
    if (said["type"] === "start") this.start(said, earlier, isResumed);
    else if (event.id && earlier.has(event.id)) return;
    else this.goOn(said);
    if (event.id) this.seen.add(event.id);
  }

  /** Of another answer, or of this one where the server was not told how far we are: from the beginning. */
  private start(said: Json, earlier: Set<string>, isResumed: boolean): void {
    const id = String(said["message_id"] ?? "");
    if (this.answer.id && (id !== this.answer.id || !isResumed)) {
      this.answer.text = "";
      this.seen.clear();
      earlier.clear();
      this.watcher.onText("");
    }
    this.answer.id = id;
  }

  private goOn(said: Json): void {
    const answer = this.answer;
    if (said["type"] === "token") {
      if (typeof said["content"] !== "string") return;
      answer.text += said["content"];
      this.watcher.onText(answer.text);
    } else if (said["type"] === "sources") {
      answer.rawSources = Array.isArray(said["sources"]) ? said["sources"] : [];
      answer.sources = answer.rawSources.map(sourceOf);
    } else if (said["type"] === "done") {
      answer.confidence = typeof said["confidence"] === "number" ? said["confidence"] : null;
      answer.answered = said["answered"] !== false;
      answer.offerEscalation = said["offer_escalation"] === true;
      answer.notice = typeof said["notice"] === "string" ? said["notice"] : null;
      this.outcome = { kind: "answer", answer };
    } else if (said["type"] === "error") {
      const retryAfter = typeof said["retry_after"] === "number" ? said["retry_after"] : null;
      const failure = { code: String(said["code"] ?? "ERROR"), status: 0, detail: String(said["detail"] ?? ""), retryAfter };
      this.outcome = { kind: "failed", failure };
    }
  }
}

function sourceOf(value: unknown): Source {
  const one = object(value);
  const text = (name: string) => (typeof one[name] === "string" ? (one[name] as string) : "");
  const page = one["page"];
  return {
    title: text("title") || text("document_id"),
    quote: text("quote") || text("chunk_preview"),
    url: text("url") || null,
    page: typeof page === "number" || (typeof page === "string" && page) ? page : null,
  };
}
