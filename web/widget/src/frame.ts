/** The host element and its shadow: what keeps the page's styles out, and ours in. */
import { readableOn, textOn } from "./color";
import type { Config } from "./config";
import { h } from "./dom";
import css from "./style.css";
import type { Texts } from "./texts";

/** Set on the element itself, because nothing in a page's style sheets is stronger than that with !important. */
const CRITICAL: Record<string, string> = {
  all: "initial", display: "block", position: "fixed", top: "0", left: "0", width: "0", height: "0", overflow: "visible",
  opacity: "1", visibility: "visible", transform: "none", filter: "none", "pointer-events": "auto",
};
const FULL_SCREEN = "(max-width: 480px), (max-height: 480px)";
const GROUNDS = { light: ["#ffffff", "#f1f3f6"], dark: ["#16181d", "#24272e"] };

export class Frame {
  readonly host = document.createElement("insydr-chat");
  readonly shadow: ShadowRoot;
  readonly root: HTMLElement;
  private readonly full = matchMedia(FULL_SCREEN);
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly look = () => this.paint();

  constructor(
    private readonly config: Config,
    texts: Texts,
    nonce: string | undefined,
  ) {
    const critical = { ...CRITICAL, "z-index": String(config.zIndex) };
    for (const [name, value] of Object.entries(critical)) this.host.style.setProperty(name, value, "important");
    this.shadow = this.host.attachShadow({ mode: "open" });
    this.root = h("section", { "aria-label": texts.get("chat"), lang: texts.language, dir: texts.direction });
    this.addStyles(`${css}:host{z-index:${config.zIndex}!important}`, nonce);
    this.shadow.append(this.root);
    // the page sees only the host as their target, and would take them for shortcuts of its own
    for (const name of ["keydown", "keypress", "keyup"]) this.root.addEventListener(name, (event) => event.stopPropagation());
    this.paint();
    this.full.addEventListener("change", this.look);
    this.dark.addEventListener("change", this.look);
  }

  /** Whether the panel takes the whole window. */
  get isFull(): boolean {
    return this.full.matches;
  }

  onResize(fn: () => void): void {
    this.full.addEventListener("change", fn);
  }

  destroy(): void {
    this.full.removeEventListener("change", this.look);
    this.dark.removeEventListener("change", this.look);
    this.host.remove();
  }

  /** Constructed sheets are no inline styles to a Content-Security-Policy. */
  private addStyles(text: string, nonce: string | undefined): void {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      this.shadow.adoptedStyleSheets = [sheet];
    } catch {
      const style = h("style", nonce ? { nonce } : {}, text);
      this.shadow.append(style);
    }
  }

  private paint(): void {
    const { config, root } = this;
    const isDark = config.theme === "dark" || (config.theme === "auto" && this.dark.matches);
    const theme = isDark ? "dark" : "light";
    root.className = `root ${theme} ${config.position} shadow-${config.shadow} ${this.full.matches ? "full" : ""}`;
    const values = {
      primary: config.primaryColor,
      "on-primary": textOn(config.primaryColor),
      accent: readableOn(config.primaryColor, GROUNDS[theme]),
      radius: `${config.radius}px`,
      scale: String(config.scale),
      x: `${config.offsetX}px`,
      y: `${config.offsetY}px`,
    };
    for (const [name, value] of Object.entries(values)) root.style.setProperty(`--${name}`, value);
  }
}
