/** The widget's four routes, without the stream. */
import { object, type Json } from "./config";

export interface Failure {
  code: string;
  status: number;
  detail: string;
  /** seconds */
  retryAfter: number | null;
}

export class ApiError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.detail);
  }
}

export class Api {
  constructor(
    readonly base: string,
    private readonly key: string,
  ) {}

  /** Raises ApiError where the answer is none, and what `fetch` raises where there is no answer. */
  async request(method: "GET" | "POST", path: string, body?: Json, more: RequestInit & { lastEventId?: string } = {}): Promise<Response> {
    const { lastEventId, ...options } = more;
    const headers: Record<string, string> = { "X-API-Key": this.key };
    if (body) headers["Content-Type"] = "application/json";
    if (lastEventId) headers["Last-Event-ID"] = lastEventId;
    const response = await fetch(`${this.base}/api/v1/widget/${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : undefined,
      credentials: "omit",
      cache: "no-store",
      ...options,
    });
    if (!response.ok) throw new ApiError(await failureOf(response));
    return response;
  }

  async json(method: "GET" | "POST", path: string, body?: Json): Promise<Json> {
    return object(await (await this.request(method, path, body)).json());
  }
}

async function failureOf(response: Response): Promise<Failure> {
  let said: Json = {};
  try {
    said = object(await response.json());
  } catch {
    // a proxy's page
  }
  return {
    code: typeof said["code"] === "string" ? said["code"] : `HTTP_${response.status}`,
    status: response.status,
    detail: typeof said["detail"] === "string" ? said["detail"] : response.statusText || `HTTP ${response.status}`,
    retryAfter: secondsOf(response.headers.get("Retry-After")),
  };
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(value: string | null): number | null {
  if (!value) return null;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : null;
}

export function failureFrom(error: unknown): Failure {
  if (error instanceof ApiError) return error.failure;
  return { code: "CONNECTION_LOST", status: 0, detail: String((error as Error)?.message ?? error), retryAfter: null };
}
