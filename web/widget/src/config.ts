/** What the server says about the agent, with what the page says over it; nothing in either is trusted. */
import { isHex } from "./color";
import { safeUrl } from "./dom";

export interface Options {
  agentId: string;
  apiKey: string;
  apiUrl?: string;
  position?: string;
  theme?: string;
  primaryColor?: string;
  borderRadius?: number;
  language?: string;
  nonce?: string;
  greeting?: string | false;
  suggestedQuestions?: string[];
  visitorId?: string;
  metadata?: Record<string, unknown>;
  zIndex?: number;
  target?: Element | string;
}

export interface Config {
  name: string;
  version: unknown;
  paused: boolean;
  theme: "light" | "dark" | "auto";
  primaryColor: string;
  radius: number;
  position: string;
  shadow: string;
  scale: number;
  offsetX: number;
  offsetY: number;
  zIndex: number;
  /** null: none; empty: the language's own */
  greeting: string | null;
  greetingDelay: number;
  questions: string[];
  machineNotice: boolean;
  offerEscalation: boolean;
  showSources: boolean;
  showConfidence: boolean;
  feedback: boolean;
  poweredBy: boolean;
  avatar: string | null;
  language: unknown;
}

export type Json = Record<string, unknown>;

export function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function oneOf<T extends string>(known: readonly T[], ...wishes: unknown[]): T {
  return (wishes.find((one) => known.includes(one as T)) ?? known[0]) as T;
}

function within(low: number, high: number, standard: number, ...wishes: unknown[]): number {
  const found = wishes.find((one) => typeof one === "number" && Number.isFinite(one)) as number | undefined;
  return Math.min(high, Math.max(low, found ?? standard));
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string" && !!one.trim()) : [];
}

function greetingOf(behavior: Json, options: Options): string | null {
  if (options.greeting === false || options.greeting === "") return null;
  if (typeof options.greeting === "string") return options.greeting;
  if (behavior["greeting_enabled"] === false) return null;
  return typeof behavior["greeting_message"] === "string" ? behavior["greeting_message"] : "";
}

export function readConfig(raw: unknown, options: Options): Config {
  const all = object(raw);
  const look = object(all["appearance"]);
  const behavior = object(all["behavior"]);
  const branding = object(all["branding"]);
  const scale = within(0, 1000, 1, look["font_scale"]);
  return {
    name: typeof all["agent_name"] === "string" && all["agent_name"] ? all["agent_name"] : "Assistant",
    version: all["version"],
    paused: all["paused"] === true,
    theme: oneOf(["light", "dark", "auto"], options.theme, look["theme"]),
    primaryColor: [options.primaryColor, look["primary_color"]].find(isHex) ?? "#2f5bea",
    radius: within(0, 20, 14, options.borderRadius, look["border_radius"]),
    position: oneOf(["bottom-right", "bottom-left", "top-right", "top-left"], options.position, look["position"]),
    shadow: oneOf(["medium", "none", "subtle", "strong"], look["shadow"]),
    scale: Math.min(1.2, Math.max(0.8, scale > 3 ? scale / 100 : scale)), // 90 and 0.9 are the same wish
    offsetX: within(0, 500, 20, look["offset_x"]),
    offsetY: within(0, 500, 20, look["offset_y"]),
    zIndex: Math.round(within(0, 2147483647, 2147483000, options.zIndex, look["z_index"])),
    greeting: greetingOf(behavior, options),
    greetingDelay: within(0, 600_000, 3000, behavior["greeting_delay"]),
    questions: texts(options.suggestedQuestions ?? behavior["suggested_questions"]).slice(0, 8),
    machineNotice: behavior["machine_notice"] !== false,
    offerEscalation: behavior["offer_escalation"] !== false,
    showSources: behavior["show_sources"] !== false,
    showConfidence: behavior["show_confidence"] === true,
    feedback: behavior["feedback"] === true,
    poweredBy: branding["show_powered_by"] !== false,
    avatar: safeUrl(branding["avatar_url"], "https:", "http:"),
    language: all["language"],
  };
}
