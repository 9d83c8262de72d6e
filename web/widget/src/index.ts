/** `window.InsydrAI`: nothing in here may throw into the page. */
import { Api, ApiError, failureFrom } from "./api";
import { object, readConfig, type Options } from "./config";
import { EVENTS, Events, type EventName, type Listener } from "./events";
import { Texts } from "./texts";
import { Widget } from "./widget";

/** Known only while this file is being run, and not at all to one that a bundler or a module brings. */
const SCRIPT = (document.currentScript ?? document.querySelector("script[src$='/widget.js']")) as HTMLScriptElement | null;
const MAX_QUEUED = 50;
const TRIES = 3;

const events = new Events();
let queue: ((widget: Widget) => void)[] = [];
let widget: Widget | null = null;
/** of the `init` that holds; 0 where none does */
let current = 0;
let inits = 0;

function guarded<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return fn(...args);
    } catch (error) {
      console.error("Insydr chat:", error);
      return undefined;
    }
  };
}

function apiBase(options: Options): string {
  const wish = typeof options.apiUrl === "string" && options.apiUrl ? options.apiUrl : SCRIPT?.src ? new URL(SCRIPT.src).origin : location.origin;
  return new URL(wish, location.href).href.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
}

async function bodyIsThere(): Promise<void> {
  if (document.body) return;
  await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
}

async function configOf(api: Api, agentId: string): Promise<unknown> {
  for (let tried = 1; ; tried++) {
    try {
      return await api.json("GET", `config/${encodeURIComponent(agentId)}`);
    } catch (error) {
      const { status, retryAfter } = failureFrom(error);
      if (![429, 502, 503, 504].includes(status) || tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(retryAfter ?? tried, 10) * 1000));
    }
  }
}

function targetOf(options: Options): Element {
  const { target } = options;
  const found = typeof target === "string" ? document.querySelector(target) : target;
  return found instanceof Element ? found : document.body;
}

function invalid(detail: string): ApiError {
  return new ApiError({ code: "INVALID_OPTIONS", status: 0, detail, retryAfter: null });
}

async function start(options: Options, mine: number): Promise<void> {
  for (const name of ["agentId", "apiKey"] as const) {
    if (typeof options[name] !== "string" || !options[name]) throw invalid(`init needs ${name}`);
  }
  JSON.stringify(options.metadata ?? null); // what cannot be sent is said now, not with the first message
  const api = new Api(apiBase(options), options.apiKey);
  const [raw] = await Promise.all([configOf(api, options.agentId), bodyIsThere()]);
  if (mine !== current) return;
  const config = readConfig(raw, options);
  const texts = new Texts([options.language, config.language, document.documentElement.lang, ...(navigator.languages ?? [])]);
  const made = new Widget(options, config, texts, api, events);
  made.show(targetOf(options));
  widget = made;
  events.emit("ready", { agentId: options.agentId, name: config.name, version: config.version, paused: config.paused });
  const waiting = queue;
  queue = [];
  for (const one of waiting) if (widget === made) guarded(one)(made);
}

function whenReady(act: (widget: Widget) => void): void {
  if (widget) act(widget);
  else if (queue.length < MAX_QUEUED) queue.push(act);
}

const InsydrAI = {
  init: guarded((given: Options) => {
    if (current) return console.warn("Insydr chat: init was called before; call destroy() first");
    const mine = (current = ++inits);
    const options = { ...object(given) } as unknown as Options;
    start(options, mine).catch((error: unknown) => {
      if (mine !== current) return;
      current = 0;
      queue = [];
      const { code, status, detail, retryAfter } = failureFrom(error);
      console.error(`Insydr chat is not shown: ${detail} (${code})`);
      events.emit("error", { code, status, message: detail, retryAfter });
    });
  }),
  on: guarded((event: EventName, fn: Listener) => {
    if (!EVENTS.includes(event)) console.warn(`Insydr chat: there is no event "${String(event)}"`);
    else if (typeof fn === "function") events.on(event, fn);
  }),
  off: guarded((event: EventName, fn: Listener) => events.off(event, fn)),
  open: guarded(() => whenReady((one) => one.open())),
  close: guarded(() => whenReady((one) => one.close())),
  toggle: guarded(() => whenReady((one) => one.toggle())),
  sendMessage: guarded((text: string) => {
    if (typeof text === "string" && text.trim()) whenReady((one) => void one.send(text.trim()));
    else console.warn("Insydr chat: sendMessage needs a text");
  }),
  clearHistory: guarded(() => whenReady((one) => one.clearHistory())),
  destroy: guarded(() => {
    current = 0;
    queue = [];
    widget?.destroy();
    widget = null;
    events.clear();
  }),
};

declare global {
  interface Window {
    InsydrAI?: typeof InsydrAI;
  }
}

window.InsydrAI ??= InsydrAI; // a second copy of the script changes nothing
