// Asks the API. Every request goes to the origin that the page came from, with the token
// where the listener wants one, and the browser's certificate where it wants that: fetch
// leaves it out with credentials: "omit".
import { signal } from "@preact/signals";
import type { Problem } from "./api";

/** Whether the listener refused us for want of a token: the page then asks for one. */
export const locked = signal(false);

// The token lives as long as the tab. In localStorage it would outlast the administrator's shift.
const key = "diastole.token";

export function unlock(token: string): void {
  sessionStorage.setItem(key, token.trim());
  locked.value = false;
}

export function lock(): void {
  sessionStorage.removeItem(key);
  locked.value = true;
}

/** A failure in words for people: what, and the way out. */
export class Failure extends Error {
  constructor(message: string, readonly remedy: string, readonly status = 0) { super(message); }
}

function headers(): Record<string, string> {
  const token = sessionStorage.getItem(key);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Sends a GET and gives the answer if it is a good one. */
export async function open(path: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { headers: headers(), signal, redirect: "error" });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new Failure("diastole does not answer", "Is the program running? The page tries again by itself.");
  }
  if (response.ok) return response;
  if (response.status === 401) lock();
  throw await failure(response);
}

async function failure(response: Response): Promise<Failure> {
  const fallback = new Failure(`${response.status} ${response.statusText}`, "The log of diastole says more.", response.status);
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) return fallback;
  try {
    const problem = (await response.json()) as Problem;
    return new Failure(problem.detail, problem.remedy, response.status);
  } catch {
    return fallback;
  }
}

/** What went wrong while asking, in words. */
export function asFailure(cause: unknown): Failure {
  return cause instanceof Failure ? cause : new Failure("the answer cannot be read", "Reload the page: it may be older than the program.");
}

/** Asks for JSON. It is ours and checked against openapi.yaml by a test of the server: no second check here. */
export async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  return (await (await open(path, signal)).json()) as T;
}

/** An address of the API with those parameters that say something. */
export function api(path: string, query: Record<string, string | number> = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== "" && value !== 0);
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return `/api/v1/${path}${search ? `?${search}` : ""}`;
}
