/** Server-sent events as the HTML standard parses them (9.2.6), from bytes that may be cut anywhere. */
export interface SseEvent {
  id: string;
  data: string;
}

export class SseParser {
  private readonly decoder = new TextDecoder();
  private rest = "";
  private afterCr = false;
  private data: string[] = [];
  private id = "";

  constructor(private readonly emit: (event: SseEvent) => void) {}

  push(bytes: Uint8Array): void {
    let text = this.decoder.decode(bytes, { stream: true });
    if (!text) return;
    if (this.afterCr && text[0] === "\n") text = text.slice(1);
    const all = this.rest + text;
    this.afterCr = text ? text.endsWith("\r") : false;
    let from = 0;
    for (const end of all.matchAll(/\r\n?|\n/g)) {
      this.line(all.slice(from, end.index));
      from = end.index + end[0].length;
    }
    this.rest = all.slice(from);
  }

  private line(line: string): void {
    if (!line) return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.id = value;
  }

  private dispatch(): void {
    const lines = this.data;
    this.data = [];
    if (lines.length) this.emit({ id: this.id, data: lines.join("\n") });
  }
}
