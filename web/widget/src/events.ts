export const EVENTS = ["ready", "open", "close", "message", "answer", "feedback", "escalate", "error"] as const;
export type EventName = (typeof EVENTS)[number];
export type Listener = (data: unknown) => void;

export class Events {
  private readonly listeners = new Map<string, Set<Listener>>();

  on(event: string, fn: Listener): void {
    const all = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, all.add(fn));
  }

  off(event: string, fn: Listener): void {
    this.listeners.get(event)?.delete(fn);
  }

  clear(): void {
    this.listeners.clear();
  }

  /** One that throws keeps no other from hearing. */
  emit(event: EventName, data: unknown): void {
    for (const fn of [...(this.listeners.get(event) ?? [])]) {
      try {
        fn(data);
      } catch (error) {
        console.error(`Insydr chat: a listener of "${event}" failed`, error);
      }
    }
  }
}
